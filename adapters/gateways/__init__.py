"""The five public gateway APIs over one shared domain."""
