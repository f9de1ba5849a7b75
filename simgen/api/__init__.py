"""What users touch: objects that hold text and values and call down."""
