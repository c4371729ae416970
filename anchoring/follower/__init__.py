"""The follower: it brings the replica after the chain, and believes nothing unchecked."""
