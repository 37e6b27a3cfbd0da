"""What may cover a face, drawn: masks, glasses, scarves, hats, hair, hands, cups."""
