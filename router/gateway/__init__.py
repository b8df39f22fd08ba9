"""What the domain of the public gateway APIs is made of: values, and decisions without IO."""
