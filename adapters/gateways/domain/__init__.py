"""What the five APIs share: everything that is decided. A face translates words and shapes."""
