// The type of an operation: query, mutation or subscription.
import { getOperationAST, parse } from "graphql";

/** Parsed from the text, because GraphiQL's own state lags behind typing; undefined if it cannot be parsed. */
export function operationType(query, name) {
  try {
    return getOperationAST(parse(query), name)?.operation;
  } catch {
    return undefined; // the server's error message is better
  }
}
