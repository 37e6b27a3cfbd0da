"""Where the person is in a head crop: by a model, or by GrabCut."""
