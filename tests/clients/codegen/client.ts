// What a front end writes against the types: where something may be null, the compiler asks what to do then.
import type { BoardQuery, BoardQueryVariables } from "./operations.ts";
import type { Account, Opportunity } from "./schema.ts";

type Column = NonNullable<NonNullable<BoardQuery["pipelineStages"]>["nodes"][number]["stage"]>;
type Card = NonNullable<Column["opportunities"]>["nodes"][number];

export const asked: BoardQueryVariables = { type: "opt_1" };

export function columns(board: BoardQuery): Column[] {
  const found = board.pipelineStages?.nodes ?? [];
  return found.flatMap(({ stage }) => (stage === null ? [] : [stage]));
}

export function title(card: Card): string {
  return `${card.name ?? "(hidden)"}, ${card.amount?.amount ?? "?"} ${card.amount?.currency ?? ""}`;
}

export const identity: (record: Account | Opportunity) => string = ({ id }) => id;

// @ts-expect-error: a right may hide the name, so it is not a string
export const careless: (card: Card) => string = ({ name }) => name;

// @ts-expect-error: a decimal is a string; as a number it would lose digits
export const inexact: (card: Card) => number | undefined = ({ amount }) => amount?.amount;

// @ts-expect-error: a variable that the operation needs
export const forgotten: BoardQueryVariables = {};

// @ts-expect-error: nobody asked for the note, so it is not there
export const unasked: (card: Card) => unknown = ({ note }) => note;
