"""Who may sign in this clinic."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from hipanalytics.clinic import schema
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError


def clinicians_of(connection: Connection) -> list[str]:
    """Who works in this clinic? In the order in which they came."""
    entries = connection.execute(
        select(schema.clinicians.c.name, schema.clinicians.c.works_here).order_by(schema.clinicians.c.entry)).all()
    latest = {entry.name: entry.works_here for entry in entries}
    return [name for name, works_here in latest.items() if works_here]


def author_of(session: Session, connection: Connection) -> str:
    """Who signs what is done now?

    Rule: the clinician who was chosen; else the login, but only while the clinic has no list of clinicians or the login
    is in it: a shared computer must not sign everything with one name.
    Raises: ClinicError where someone must be chosen first.
    """
    known = clinicians_of(connection)
    if session.clinician is not None:
        return check_clinician(session.clinician, known)
    if known and session.login not in known:
        raise ClinicError(f"Who are you? This clinic has a list of clinicians, and {session.login!r} is not on it. "
                          f"Choose one of: {', '.join(known)} (--clinician NAME, or clinic.sign_as(\"NAME\")).")
    return session.login


def check_clinician(name: str, known: list[str]) -> str:
    """A name on the clinic's list, as it is written there; any name while there is no list. Raises: ClinicError."""
    same = _same(name, known)
    if known and not same:
        raise ClinicError(f"{name!r} is not on this clinic's list of clinicians: {', '.join(known)}.")
    return same or " ".join(name.split())


def set_clinician(session: Session, name: str, *, works_here: bool) -> None:
    """Put a clinician on the list, or take one off; what was signed stays signed. Raises: ClinicError."""
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise ClinicError("Give a name of 1 to 100 letters.")
    with session.database.writing() as connection:
        known = clinicians_of(connection)
        name = _same(name, known) or name if works_here else check_clinician(name, known)
        if (name in known) != works_here:
            author = session.clinician or session.login
            connection.execute(insert(schema.clinicians).values(
                name=name, works_here=works_here, author=author, saved_at=session.now()))


def _same(name: str, known: list[str]) -> str | None:
    """The name as it is on the list, whatever its capitals and blanks."""
    wanted = " ".join(name.split()).casefold()
    return next((each for each in known if each.casefold() == wanted), None)
