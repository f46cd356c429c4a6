"""Registries: a plug-in is one module that registers itself under its own name."""

import difflib
import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from gallery.errors import ConfigError, RegistrationError

T = TypeVar("T", bound=Callable[..., Any])
SHOWN = 20
"""Names a message lists at most."""


def did_you_mean(name: str, known: list[str]) -> str:
    """Return ``Did you mean 'x'?`` for a close match in ``known``, else the known names, 20 at most."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    more = f", ... ({len(known)} in all)" if len(known) > SHOWN else ""
    return f"Known: {', '.join(known[:SHOWN]) or 'none'}{more}."


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered plug-in.

    Attributes:
        name: Registered name = module name = URL slug.
        call: The registered function.
        title: Name as printed on pages.
        reference: Where the method is published.
        facts: Further facts given at registration (unit, direction, ...).
        doc: The module's docstring: idea, formula, reference.
        defaults: Keyword-only parameters of ``call`` that users may set, with their defaults.
    """

    name: str
    call: T
    title: str
    reference: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    doc: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)


class Registry(Generic[T]):
    """Named plug-ins of one kind, filled by importing every public module of one package."""

    def __init__(self, kind: str, package: str) -> None:
        """Create an empty registry.

        Args:
            kind: What the plug-ins are, for messages ("heatmap method").
            package: Dotted name of the package whose public modules register here.
        """
        self.kind = kind
        self._package = package
        self._entries: dict[str, Entry[T]] = {}
        self._loaded = False

    def register(self, name: str, *, title: str, reference: str, **facts: Any) -> Callable[[T], T]:  # noqa: ANN401
        """Return a decorator that registers a function under ``name``.

        Raises:
            RegistrationError: If ``name`` is taken.
        """

        def decorate(call: T) -> T:
            if name in self._entries:
                fix = "rename one of the modules."
                raise RegistrationError(f"{self.kind} {name!r} is registered twice; {fix}")
            module = inspect.getmodule(call)
            defaults = {
                p.name: p.default
                for p in inspect.signature(call).parameters.values()
                if p.kind is p.KEYWORD_ONLY and p.default is not p.empty
            }
            self._entries[name] = Entry(
                name=name,
                call=call,
                title=title,
                reference=reference,
                facts=MappingProxyType(dict(facts)),
                doc=inspect.cleandoc(module.__doc__ or "") if module else "",
                defaults=MappingProxyType(defaults),
            )
            return call

        return decorate

    def __getitem__(self, name: str) -> Entry[T]:
        """Return the entry called ``name``.

        Raises:
            RegistrationError: If there is none; the message suggests the closest name.
        """
        self._load()
        if name not in self._entries:
            raise RegistrationError(f"Unknown {self.kind} {name!r}. {did_you_mean(name, self.names())}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        """Return whether ``name`` is registered."""
        self._load()
        return name in self._entries

    def __iter__(self) -> Iterator[Entry[T]]:
        """Iterate over the entries by name."""
        self._load()
        return iter([self._entries[name] for name in sorted(self._entries)])

    def names(self) -> list[str]:
        """Return all registered names, sorted."""
        self._load()
        return sorted(self._entries)

    def options(
        self, name: str, given: Mapping[str, Any], *, table: str = "", also: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return the defaults of ``name`` overridden by ``given``.

        Args:
            name: Of the plug-in.
            given: Option -> value.
            table: Where the options stand in the manifest, for messages; "methods.<name>" if "".
            also: Other keys of that table, which a message may suggest.

        Raises:
            ConfigError: If an option is unknown or has the wrong type.
        """
        entry = self[name]
        merged = dict(entry.defaults)
        table = table or f"methods.{name}"
        for key, value in given.items():
            if key not in merged:
                known = ", ".join(merged) or "none"
                names = [*merged, *also]
                hint = did_you_mean(key, names) if names else f"It takes no options (known: {known})."
                raise ConfigError(f"{table}.{key}: unknown option. {hint}")
            merged[key] = _coerce(f"{table}.{key}", value, merged[key])
        return merged

    def _load(self) -> None:
        if self._loaded:
            return
        package = importlib.import_module(self._package)
        for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
            if not module.startswith("_"):
                importlib.import_module(f"{self._package}.{module}")
        self._loaded = True  # not before: a module that fails to import must fail again, not go missing


def _coerce(key: str, value: Any, default: Any) -> Any:  # noqa: ANN401
    """Return ``value`` in the type of ``default`` (an int is taken for a float)."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if default is not None and type(value) is not type(default):
        wanted, got = type(default).__name__, type(value).__name__
        raise ConfigError(f"{key}: expected {wanted}, got {got} ({value!r}). The default is {default!r}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{key}: expected a finite number, got {value!r}. The default is {default!r}.")
    return value
