"""What do several papers share?  How deep a layer lies, how good a prediction is, what a decoder keeps."""
