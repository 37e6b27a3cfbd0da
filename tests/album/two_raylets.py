"""A Ray cluster of two machines on this one: prints its address, ends with its standard input.

python tests/album/two_raylets.py [CPUS_OF_THE_SECOND]
"""

import sys

from ray.cluster_utils import Cluster

STORE_BYTES = 100 << 20


def main() -> None:
    cluster = Cluster()
    for cpus in (1, int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        cluster.add_node(num_cpus=cpus, object_store_memory=STORE_BYTES, include_dashboard=False)
    print(cluster.address, flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
