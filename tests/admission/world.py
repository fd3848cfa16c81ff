"""The small schema of the admission tests, independent of the product."""

from __future__ import annotations

from functools import cache

from graphql import GraphQLSchema, build_schema

_SDL = """
interface Node { id: ID! }
interface Named implements Node { id: ID! name(prefix: String): String friend: Named at: String }
type Cat implements Node & Named {
  id: ID! name(prefix: String): String friend: Cat at: String!
  lives: Int size: Size tags: [String!]! owner(role: Role): Person
  toys(first: Int, last: Int, filter: Filter, orderBy: [Order!]): ToyConnection!
}
type Dog implements Node & Named {
  id: ID! name(prefix: String): String friend: Named at: String
  lives: Boolean size: String tags: [String]! owner(role: Role): Person
  toys(first: Int, last: Int, filter: Filter, orderBy: [Order!]): ToyConnection!
}
type Person implements Node {
  id: ID! name: String pet: Pet pets(first: Int = 5): PetConnection!
  boss: Person pal: Person any: Named
}
type Toy implements Node { id: ID! name: String! pet: Named }
union Pet = Cat | Dog
enum Size { SMALL LARGE }
enum Role { KEEPER BREEDER }
input Filter { and: [Filter!] or: [Filter!] name: Text lives: Number }
input Text { eq: String in: [String!] }
input Number { eq: Int gt: Int }
input Order { field: String! down: Boolean }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type PetEdge { cursor: String! node: Pet }
type PetConnection { edges: [PetEdge!]! nodes: [Pet!]! pageInfo: PageInfo! totalCount: Int! }
type ToyEdge { cursor: String! node: Toy }
type ToyConnection {
  edges: [ToyEdge!]! nodes: [Toy!]! pageInfo: PageInfo! totalCount: Int! aggregate: Sums
}
type Sums { count: Int! most: Int }
type SearchHit { node: Node! matched: [String!]! }
type Query {
  hello: String
  echo(text: String, number: Int, filter: Filter): String
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  named(prefix: String): Named
  cat: Cat
  dog: Dog
  pet(role: Role): Pet
  person: Person
  people(first: Int, last: Int, filter: Filter): PetConnection!
  toysAggregate(filter: Filter): Sums
  search(text: String!, first: Int, types: [String!]): [SearchHit!]
}
type Token { text: String }
type Mutation {
  signIn(user: String, word: String): Token refresh(token: String): Token rename: Cat
}
type Subscription { cats: Cat dogs: Dog }
"""


@cache
def world() -> GraphQLSchema:
    """Return the schema; the same object each time."""
    return build_schema(_SDL)
