// What a document asks for: a query, a mutation or a subscription.
import { getOperationAST, parse } from "graphql";

/** Read from the text itself, because what GraphiQL knows of it comes a moment after the typing; undefined if it cannot be read. */
export function kindOf(query, name) {
  try {
    return getOperationAST(parse(query), name)?.operation;
  } catch {
    return undefined; // the server says better what is wrong with it
  }
}
