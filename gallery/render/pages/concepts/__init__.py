"""Pages of learned concepts: ``parts`` (what pages hold), ``wording`` (in words), ``page`` (of records)."""
