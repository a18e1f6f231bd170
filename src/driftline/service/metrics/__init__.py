"""What the service tells Prometheus. `catalogue` says what there is; `tally` counts what happens in
this process; `state` reads how the store stands when it is asked."""
