"""What is measured on an image: in NumPy (``arrays``), and in torch with a gradient (``tensors``)."""
