"""From windows to features: batches, the device, pooling, the store. It knows no metric."""
