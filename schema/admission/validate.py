"""Validates a document against the schema, with a few errors that name the remedy."""

from __future__ import annotations

from graphql import (
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    specified_rules,
    visit,
)
from graphql.language import (
    SKIP,
    DocumentNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ParallelVisitor,
    ValueNode,
    VisitorAction,
)
from graphql.type import GraphQLInputType, assert_valid_schema, is_composite_type
from graphql.utilities import do_types_overlap
from graphql.utilities.validate_input_value import validate_input_literal
from graphql.validation import (
    ASTValidationRule,
    NoFragmentCyclesRule,
    OverlappingFieldsCanBeMergedRule,
    PossibleFragmentSpreadsRule,
    ValidationContext,
    ValidationRule,
    ValuesOfCorrectTypeRule,
)
from graphql.validation.rules.defer_stream_directive_label import DeferStreamDirectiveLabel
from graphql.validation.rules.defer_stream_directive_on_root_field import (
    DeferStreamDirectiveOnRootField,
)
from graphql.validation.rules.defer_stream_directive_on_valid_operations_rule import (
    DeferStreamDirectiveOnValidOperationsRule,
)
from graphql.validation.rules.stream_directive_on_list_field import StreamDirectiveOnListField
from graphql.validation.validate import ValidationAbortedError

from domain.message import Message

from .explain import explain, node_at, of_literal
from .limits import Limits
from .refusal import DocumentError, DocumentRejected, problem_of, refuse
from .usages import KEYS, UsageContext, release
from .wording import reworded

# Replaced: `parse` refuses cycles, `overlap.merge` conflicts; the classes below replace the other two.
_REPLACED: frozenset[type[ASTValidationRule]] = frozenset(
    {
        NoFragmentCyclesRule,
        OverlappingFieldsCanBeMergedRule,
        PossibleFragmentSpreadsRule,
        ValuesOfCorrectTypeRule,
    }
)

# Not needed if the schema has neither directive: they are refused as unknown directives.
_INCREMENTAL: frozenset[type[ASTValidationRule]] = frozenset(
    {
        DeferStreamDirectiveLabel,
        DeferStreamDirectiveOnRootField,
        DeferStreamDirectiveOnValidOperationsRule,
        StreamDirectiveOnListField,
    }
)

# Errors with the text of an earlier one are not reported, but still cost time.
_MOST_REPEATED = 20


class Validator:
    """The rules of the GraphQL specification for one schema, except the overlap rule."""

    def __init__(self, schema: GraphQLSchema) -> None:
        """Select the rules; raises TypeError if the schema itself is invalid."""
        assert_valid_schema(schema)
        self._schema = schema
        self._overlaps: dict[tuple[str, str], bool] = {}
        names = {directive.name for directive in schema.directives}
        left_out = _REPLACED if names & {"defer", "stream"} else _REPLACED | _INCREMENTAL
        self._rules = [rule for rule in specified_rules if rule not in left_out]

    def check(self, document: DocumentNode, limits: Limits) -> None:
        """Raise `DocumentRejected` (GRAPHQL_VALIDATION_FAILED) with at most `limits.errors` problems.

        The document must come from `parse`, so that its fragments end. Raises
        QUERY_TOO_COMPLEX if its fragments are shared by more operations than can be checked.
        """
        report = _Report(limits.errors, self._schema)
        info = TypeInfo(self._schema)
        context = UsageContext(self._schema, document, info, report.add, True).prepare(info)
        rules: list[Visitor] = [rule(context) for rule in self._rules]
        rules += [_PossibleSpreads(context, self._overlaps), _ExplainedValues(context)]
        together = ParallelVisitor(rules)
        outer = TypeInfoVisitor(info, together)
        try:
            visit(document, outer, KEYS)
        except (ValidationAbortedError, RecursionError):
            # graphql-core has its own budget for work on fragments.
            if not report.problems:
                raise refuse(
                    "QUERY_TOO_COMPLEX",
                    Message(
                        "The operations of this document share too many fragments and variables "
                        "to be checked. Send fewer operations in one document."
                    ),
                ) from None
        finally:
            release(*rules, together, outer, context, info)
        if report.problems:
            raise DocumentRejected(report.problems)


class _Report:
    """Collects the first errors with distinct messages, then ends the validation."""

    def __init__(self, most: int, schema: GraphQLSchema) -> None:
        self.problems: list[DocumentError] = []
        self._most = most
        self._schema = schema
        self._seen: set[str] = set()
        self._repeated = 0

    def add(self, error: GraphQLError) -> None:
        if error.message in self._seen:
            self._repeated += 1
        else:
            self._seen.add(error.message)
            error.message = reworded(error.message, self._schema)
            self.problems.append(problem_of("GRAPHQL_VALIDATION_FAILED", error))
        if len(self.problems) >= self._most or self._repeated >= _MOST_REPEATED:
            raise ValidationAbortedError("enough")


class _PossibleSpreads(ValidationRule):
    """The rule PossibleFragmentSpreads, with each pair of types compared once per schema.

    The standard rule iterates over the possible types of a union at every spread.
    """

    def __init__(self, context: ValidationContext, overlaps: dict[tuple[str, str], bool]) -> None:
        super().__init__(context)
        self._overlaps = overlaps

    def enter_inline_fragment(self, node: InlineFragmentNode, *_args: object) -> None:
        """Check a fragment against its enclosing type."""
        on, parent = self.context.get_type(), self.context.get_parent_type()
        if not self._possible(on, parent):
            self._report(node, f"objects of type '{parent}' can never be of type '{on}'")

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_args: object) -> None:
        """Check a named fragment's type condition against the type it is spread in."""
        fragment = self.context.get_fragment(node.name.value)
        if fragment is None:
            return
        on = self.context.schema.get_type(fragment.type_condition.name.value)
        parent = self.context.get_parent_type()
        if not self._possible(on, parent):
            self._report(node, f"objects of type '{parent}' can never be of type '{on}'")

    def _possible(self, on: object, parent: GraphQLNamedType | None) -> bool:
        if not is_composite_type(on) or not is_composite_type(parent):
            return True  # another rule reports it
        pair = (on.name, parent.name)
        if pair not in self._overlaps:
            self._overlaps[pair] = do_types_overlap(self.context.schema, on, parent)
        return self._overlaps[pair]

    def _report(self, node: InlineFragmentNode | FragmentSpreadNode, reason: str) -> None:
        self.report_error(GraphQLError(f"Fragment cannot be spread here: {reason}.", node))


class _ExplainedValues(ValuesOfCorrectTypeRule):
    """The rule ValuesOfCorrectType, with errors that name the place, what is expected and what was found."""

    def is_valid_value_node(
        self, node: ValueNode, input_type: GraphQLInputType | None
    ) -> VisitorAction:
        """Check a literal; variables in it are checked with their values."""
        error = _first_error(node, input_type) if input_type else None
        if error is None or input_type is None:
            return SKIP
        argument = self._argument()
        explained = explain(of_literal(node), input_type, argument)
        for each in explained:
            place = node_at(node, each.path)
            extensions: dict[str, object] = {"input": [argument, *each.path]}
            self.report_error(GraphQLError(each.message, place, extensions=extensions))
        if not explained:
            self.report_error(error)
        return SKIP

    def _argument(self) -> str:
        """The name of the argument that contains the literal; `value` for the default of a variable."""
        argument, field = self.context.get_argument(), self.context.get_field_def()
        directive = self.context.get_directive()
        owner = directive or field
        names = (name for name, each in (owner.args if owner else {}).items() if each is argument)
        return next(names, "value")


def _first_error(node: ValueNode, input_type: GraphQLInputType) -> GraphQLError | None:
    """The first error of a literal. The library prints the whole object for each error, so it is stopped then."""

    def stop(error: GraphQLError, _: object) -> None:
        raise error

    try:
        validate_input_literal(node, input_type, stop)
    except GraphQLError as error:
        return error.with_traceback(None)  # frames refer to the error: a cycle
    return None
