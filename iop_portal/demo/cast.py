"""Who plays in the story. Nobody here is real."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PASSWORD = "portal-demo"  # noqa: S105 (everybody may know it: PORTAL_DEMO cannot be set in production)


@dataclass(frozen=True)
class Persona:
    """Somebody to sign in as by one click."""

    slug: str
    label: str
    who: str | Promise

    @property
    def email(self) -> str:
        return f"{self.slug}@portal.test"

    @property
    def initial(self) -> str:
        return self.label[0]


PERSONAS = (
    Persona("maya", "Maya", _("Client, evenings, week five")),
    Persona("theo", "Theo", _("Client, daytime, first week")),
    Persona("rosa", "Rosa", _("Maya’s sister")),
    Persona("amara", "Amara", _("Counsellor of Maya and Theo")),
    Persona("lena", "Lena", _("Counsellor, of other clients")),
    Persona("sam", "Sam", _("Graduated four months ago")),
    Persona("office", "Office", _("Runs the program")),
)


@dataclass(frozen=True)
class Extra:
    """Somebody in the background. Days are counted back from the telling; None has not happened."""

    name: str
    surname: str
    referred: int = 0
    admitted: int | None = None
    discharged: int | None = None
    counsellor: str = ""
    pronouns: str = ""

    @property
    def email(self) -> str:
        letters = f"{self.name}.{self.surname}".lower()
        return "".join(char for char in letters if char.isalpha() or char == ".") + "@portal.test"


def _crowd(names: str, counsellors: tuple[str, ...]) -> tuple[Extra, ...]:
    """Further clients, one every few days over seventeen weeks. Who began more than twelve weeks ago has finished."""
    people = [name.strip().partition(" ") for name in names.split(",")]
    came = [8 + at * 112 // len(people) for at in range(len(people))]
    return tuple(
        Extra(
            name,
            surname,
            referred=days + 5,
            admitted=days,
            discharged=days - 84 if days > 84 else None,
            counsellor=counsellors[at % len(counsellors)],
        )
        for at, ((name, _space, surname), days) in enumerate(zip(people, came, strict=True))
    )


RIVERBEND_CLINICIANS = (
    Extra("Grace", "Holloway", pronouns="she/her"),
    Extra("Daniel", "Reyes", pronouns="he/him"),
    Extra("Priya", "Nair", pronouns="she/her"),
    Extra("Tom", "Beckett", pronouns="he/him"),
    Extra("Yuki", "Tanaka", pronouns="they/them"),
)
JUNIPER_CLINICIANS = (
    Extra("Carol", "Jensen", pronouns="she/her"),
    Extra("Miguel", "Santos", pronouns="he/him"),
    Extra("Ruth", "Abramson", pronouns="she/her"),
)

RIVERBEND_CLIENTS = (
    Extra("Jo", "Bennett", 27, 21, None, "lena", "they/them"),
    Extra("Ana", "Kowalski", 53, 48, None, "lena", "she/her"),
    Extra("Marcus", "Doyle", 66, 60, None, "lena", "he/him"),
    Extra("Will", "Harper", 24, 19, None, "lena"),
    Extra("Nadia", "Rahman", 40, 36, None, "priya.nair", "she/her"),
    Extra("Chris", "Delgado", 75, 70, None, "priya.nair"),
    Extra("Tasha", "Greene", 15, 11, None, "priya.nair", "she/her"),
    Extra("Hannah", "Weiss", 33, 29, None, "priya.nair", "she/her"),
    Extra("Owen", "Fitzgerald", 47, 43, None, "tom.beckett", "he/him"),
    Extra("Mei", "Lin", 20, 16, None, "tom.beckett", "she/her"),
    Extra("Andre", "Baptiste", 82, 77, None, "tom.beckett", "he/him"),
    Extra("Luis", "Ortega", 58, 54, None, "daniel.reyes", "he/him"),
    Extra("Kayla", "Brooks", 12, 8, None, "daniel.reyes", "she/her"),
    Extra("Patrick", "O’Neill", 36, 32, None, "yuki.tanaka"),
    Extra("Sofia", "Marino", 9, None, None, "yuki.tanaka", "she/her"),
    Extra("Derek", "Olson", 4, None, None, "", "he/him"),
    Extra("Imani", "Walker", 150, 145, 61, "tom.beckett", "she/her"),
    Extra("Ben", "Schuster", 171, 166, 88, "lena", "he/him"),
    *_crowd(
        """Abigail Stone, Marek Nowak, Leila Farouk, Jonah Price, Beatriz Lopes, Curtis Webb, Anya Petrova, Isaac Cohen,
        Renee Dupont, Oscar Lindgren, Farah Siddiqui, Glen Parsons, Keiko Mori, Dominic Russo, Alma Reyes, Victor Chan,
        Shira Katz, Wesley Grant, Paloma Ruiz, Eamon Byrne, Naomi Adler, Tariq Aziz, Bridget Malone, Stefan Ivanov,
        Camille Roy, Darnell Hayes, Ingrid Olsen, Mateo Silva, Yasmin Karimi, Colin Shaw, Rosario Vega, Henry Walsh,
        Amina Diallo, Peter Novak, Lucia Conti, Malik Johnson, Greta Weber, Arjun Mehta, Fiona Clarke, Samir Haddad""",
        ("tom.beckett", "priya.nair", "grace.holloway", "daniel.reyes", "yuki.tanaka"),
    ),
    Extra("Ray", "Dawson", 45, 40, None, "amara", "he/him"),
)
JUNIPER_CLIENTS = (
    Extra("Ruby", "Castillo", 30, 26, None, "carol.jensen", "she/her"),
    Extra("Joel", "Hoffman", 51, 46, None, "carol.jensen", "he/him"),
    Extra("Dina", "Haddad", 18, 14, None, "miguel.santos", "she/her"),
    Extra("Travis", "McCoy", 63, 59, None, "miguel.santos"),
    Extra("Elena", "Vargas", 6, None, None, "ruth.abramson", "she/her"),
    Extra("Sean", "Murphy", 140, 136, 52, "ruth.abramson", "he/him"),
    *_crowd(
        """Holly Barnes, Diego Marquez, Annika Berg, Troy Jenkins, Priscilla Yazzie, Wade Collins, Noemi Tapia,
        Logan Pierce, Vera Sokolova, Emilio Baca, Joyce Whitman, Cody Larson, Teresa Montoya, Neil Sandberg""",
        ("carol.jensen", "miguel.santos"),
    ),
)
