"""What other packages offered, by their names: for programs that were written for them."""
