"""Rows of the set-up: stages, opportunity types with their pipelines, and custom attributes."""

from datetime import date

from tenancy.demo.pipelines import ATTRIBUTES, PIPELINES, STAGE_NUMBERS, TYPE_NUMBERS
from tenancy.demo.rows import Draw, Row, Rows, made_id
from tenancy.starter import STAGES


def setup(slug: str, now: date) -> Rows:
    """All rows of the area, by table."""
    return {
        "stage": _stages(Draw(slug, "stage", now)),
        "opportunity_type": _types(Draw(slug, "opportunity_type", now)),
        "pipeline_stage": _pipelines(Draw(slug, "pipeline_stage", now)),
        "attribute": _attributes(Draw(slug, "attribute", now)),
    }


def _stages(draw: Draw) -> list[Row]:
    """Stages. The description gets a random sentence, because nothing else differs between the tenants."""
    return [
        {
            **draw.key(number),
            "name": name,
            "description": f"{description} We plan {draw.rng.randint(2, 90)} days for it.",
            "kind": kind.value,
            "position": number,
            **draw.stamps(),
        }
        for number, (name, kind, description) in enumerate(STAGES, 1)
    ]


def _types(draw: Draw) -> list[Row]:
    return [
        {
            **draw.key(number),
            "name": name,
            "default_owner_id": made_id("employee", number + 2),
            "default_currency": ("EUR", "USD", None)[number - 1],
            **draw.stamps(),
        }
        for number, name in enumerate(PIPELINES, 1)
    ]


def _pipelines(draw: Draw) -> list[Row]:
    """Pipeline stages. Probabilities other than 0 and 100 vary a little between the tenants."""
    rows: list[Row] = []
    for name, active in PIPELINES.items():
        for position, (stage, probability) in enumerate(active.items(), 1):
            certain = probability in (0, 100)
            rows.append(
                {
                    **draw.key(len(rows) + 1),
                    "type_id": made_id("opportunity_type", TYPE_NUMBERS[name]),
                    "stage_id": made_id("stage", STAGE_NUMBERS[stage]),
                    "position": position,
                    "probability": probability + (0 if certain else draw.rng.randint(-4, 4)),
                    "description": f"{stage} at {draw.slug}" if position == 2 else None,
                    **draw.stamps(),
                }
            )
    return rows


def _attributes(draw: Draw) -> list[Row]:
    return [
        {
            **draw.key(number),
            "entity": extra.entity,
            "key": extra.key,
            "label": draw.rng.choice(extra.labels),
            "kind": extra.kind.value,
            **draw.stamps(),
        }
        for number, extra in enumerate(ATTRIBUTES, 1)
    ]
