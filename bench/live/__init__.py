"""The live list benchmark: a thousand subscribers of one list, compared with the subscriptions of Strawberry."""
