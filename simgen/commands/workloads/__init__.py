"""Networks whose speed is measured, by ``gpu-check`` and by ``examples/benchmarks``.

``build(api, ...)`` of each module returns what a Workload is made of. The modules import nothing of
simgen: ``api`` is simgen or Brian 2, whose interpreter need not have simgen. Every object has a
namespace with all the constants and units of its text, so that a script may call anything ``ms``.
"""
