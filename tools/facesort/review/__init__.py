"""The review page: a person corrects a sorted album in the browser, on this machine alone."""
