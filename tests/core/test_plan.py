"""The tree of a plan."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.plan import Node, even_tree
from pipeline.core.steps import Ask
from pipeline.tree import Chunk


@given(
    count=st.integers(1, 3000),
    fan_in=st.integers(3, 40),
    final_fan_in=st.integers(3, 40),
)
def test_the_tree_shrinks_at_every_level(count, fan_in, final_fan_in):
    chunks = [Chunk("x", i, i + 1, 1) for i in range(count)]
    root = even_tree([Node(Ask(), (chunk,)) for chunk in chunks], Ask(), fan_in, final_fan_in)

    def check(node, bound):
        if not node.sources:
            return [*node.chunks]
        assert 2 <= len(node.sources) <= bound
        assert all(source.level < node.level for source in node.sources)
        return [leaf for source in node.sources for leaf in check(source, fan_in)]

    assert check(root, final_fan_in) == chunks
