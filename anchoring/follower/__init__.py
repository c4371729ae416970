"""The follower: it brings the replica after the chain, and believes neither chain nor endpoint unchecked."""
