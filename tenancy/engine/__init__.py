"""Generic parts of tenancy, which import no area."""
