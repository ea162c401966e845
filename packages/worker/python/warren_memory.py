"""The bound on the memory of a run that the kernel itself keeps."""

# What a run may reserve beyond what it may hold: stacks of threads and the like, which are hardly touched.
_slack_bytes = 256 * 2 ** 20
_bounded = False


def bound_memory(declaration):
    """Bounds the data segment (RLIMIT_DATA), which children inherit.

    It stops what grows too fast for the executor, who looks at the resident memory every 0.1 s.
    """
    global _bounded
    most = (declaration.get('limits') or {}).get('memoryBytes')
    if most is None and not _bounded:
        return
    _bounded = most is not None
    try:
        import resource
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = hard if most is None else most + _slack_bytes
        if hard != resource.RLIM_INFINITY:
            soft = min(soft, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    except (ImportError, OSError, ValueError):
        pass  # the executor looks all the same
