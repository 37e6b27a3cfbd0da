"""Training with the whole data set on the accelerator: no loader, augmentation on the device."""
