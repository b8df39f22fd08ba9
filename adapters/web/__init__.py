"""What our HTTP servers share: the listening socket, requests in, answers out."""
