"""finds a shortest path, and reads a graph from its data"""
# needs: networkx

import networkx

graph = networkx.cycle_graph(6)
assert networkx.shortest_path_length(graph, 0, 3) == 3
assert len(networkx.graph_atlas_g()) == 1253
