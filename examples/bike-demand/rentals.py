"""A year of nature and its faults: the weather, the rentals, and what sensors, networks and senders do to the rows.

Every month draws from a stream of its own, seeded by the seed and the month's name, so a faulted month differs from
the clean one in its fault alone.
"""

import calendar
import csv
import datetime
import io
import math
import random
from dataclasses import dataclass

COLUMNS = (
    "instant,dteday,season,yr,mnth,hr,holiday,weekday,workingday,weathersit,temp,atemp,hum,windspeed,"
    "casual,registered,cnt"
).split(",")
FEATURES = COLUMNS[2:14]  # what is known before the hour; `casual` and `registered` add up to the answer
FIRST_YEAR = 2011  # `yr` is 0 here

# Share of a day's rentals by hour, on working days (two commutes) and on others (one long afternoon).
WORKING_HOURS = [8, 3, 2, 1, 2, 8, 30, 88, 145, 68, 44, 53, 66, 65, 62, 73, 118, 190, 172, 118, 82, 60, 43, 24]
FREE_HOURS = [30, 24, 18, 10, 4, 4, 8, 17, 35, 58, 88, 110, 125, 128, 126, 124, 120, 110, 96, 78, 58, 46, 37, 27]
RAIN_KEEPS = {1: 1.0, 2: 0.9, 3: 0.5, 4: 0.25}  # demand by weathersit
MEAN_HOUR = 200.0  # rentals in an average hour of a pleasant day, with the network of the first January
MONTHLY_GROWTH = 1.008


@dataclass(frozen=True)
class Fault:
    """What is wrong with a month, and how much of it. `amount` means what FAULTS says."""

    name: str
    amount: float
    variant: str = ""


# name -> (default amount, its meaning)
FAULTS = {
    "stuck_sensor": (0.4, "share of the month's hours in which temp and atemp stand still"),
    "missing_hours": (0.25, "share of the month's hours that never arrive, in one stretch"),
    "broken_schema": (
        0.3,
        "renamed (temp is temperature), unit (temp in Fahrenheit) or text (this share of hum is n/a)",
    ),
    "drift": (1.0, "strength: 1 is 7 degrees warmer and drier air than the season's, and half as many rentals again"),
    "quiet": (0.8, "share of the rentals that do not happen"),
}


class Problem(ValueError):
    """A request the generator cannot fill, with the reason and the fix."""


def parse_fault(text):
    """`name`, `name:amount` or `broken_schema:variant`."""
    name, _, detail = text.partition(":")
    if name not in FAULTS:
        raise Problem(f"fault {name!r} is unknown; known: {', '.join(FAULTS)}")
    default = FAULTS[name][0]
    if name == "broken_schema":
        variant = detail or "renamed"
        if variant not in ("renamed", "unit", "text"):
            raise Problem(f"broken_schema:{variant} is unknown; use renamed, unit or text")
        return Fault(name, default, variant)
    try:
        amount = float(detail) if detail else default
    except ValueError:
        raise Problem(f"fault {text!r}: {detail!r} is not a number") from None
    if not 0 < amount <= (10 if name == "drift" else 1):
        raise Problem(f"fault {text!r}: the amount is out of range ({FAULTS[name][1]})")
    return Fault(name, amount)


def parse_month(text):
    try:
        return datetime.datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise Problem(f"month {text!r} is not written as 2012-03") from None


def months_between(first, last):
    """First days of the months from `first` to `last`, both included."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if count < 1:
        raise Problem(f"{last:%Y-%m} is before {first:%Y-%m}")
    start = first.year * 12 + first.month - 1
    return [datetime.date((start + i) // 12, (start + i) % 12 + 1, 1) for i in range(count)]


def season_of(day):
    """1 spring to 4 winter as UCI counts them: winter's start opens season 1."""
    starts = ((3, 21), (6, 21), (9, 23), (12, 21))
    return sum((day.month, day.day) >= start for start in starts) % 4 + 1


def is_holiday(day):
    """United States federal holidays on their nominal days."""
    week = (day.day - 1) // 7 + 1
    monday, thursday = day.weekday() == 0, day.weekday() == 3
    return (
        (day.month, day.day) in ((1, 1), (7, 4), (11, 11), (12, 25))
        or (monday and (day.month, week) in ((1, 3), (2, 3), (9, 1), (10, 2)))
        or (monday and day.month == 5 and day.day > 24)
        or (thursday and (day.month, week) == (11, 4))
    )


def weather(month, stream, unusual):
    """Hour by hour: (weathersit, degrees Celsius, humidity 0..1, wind km/h). Days and hours remember the one before."""
    warmer, drier = 7 * unusual, 0.15 * unusual
    anomaly, situation, wind = stream.gauss(0, 1.5), 1, 12.0
    for day in range(calendar.monthrange(month.year, month.month)[1]):
        year_day = (month + datetime.timedelta(day)).timetuple().tm_yday
        normal = 13.5 - 12.5 * math.cos(2 * math.pi * (year_day - 20) / 365.25)
        anomaly = 0.6 * anomaly + stream.gauss(0, 1.2)
        for hour in range(24):
            if stream.random() < 0.2:
                situation = stream.choices((1, 2, 3, 4), (65, 26, 8.8, 0.2))[0]
            swing = 4.0 if situation == 1 else 2.0
            swing *= -math.cos(2 * math.pi * (hour - 3) / 24)
            degrees = normal + anomaly + warmer + swing - 1.5 * (situation >= 3)
            damp = (
                {1: 0.55, 2: 0.68, 3: 0.85, 4: 0.9}[situation] - drier + 0.12 * math.cos(2 * math.pi * (hour - 4) / 24)
            )
            humidity = min(1.0, max(0.16, damp + stream.gauss(0, 0.06)))
            wind = max(0.0, 0.7 * wind + 0.3 * 12 + stream.gauss(0, 4))
            yield situation, degrees, humidity, wind


def rentals(stream, day, hour, working, situation, degrees, humidity, factor):
    """(casual, registered) of one hour."""
    age = (day.year - FIRST_YEAR) * 12 + day.month - 1
    shape = (WORKING_HOURS if working else FREE_HOURS)[hour]
    shape /= sum(WORKING_HOURS if working else FREE_HOURS) / 24
    pleasant = 0.35 + 0.75 / (1 + math.exp(-(degrees - 11) / 5)) - max(0.0, degrees - 30) * 0.03
    comfort = max(0.2, pleasant) * (1 - 0.35 * max(0.0, humidity - 0.75))
    mean = MEAN_HOUR * MONTHLY_GROWTH**age * factor * shape * comfort * RAIN_KEEPS[situation]
    total = max(0.0, stream.gauss(mean, math.sqrt(mean + (0.16 * mean) ** 2)))
    share = (0.12 if working else 0.3) * min(1.3, max(0.3, degrees / 18))
    casual = round(total * min(0.9, max(0.0, stream.gauss(share, 0.03))))
    return casual, max(0, round(total) - casual)


def month_rows(month, seed, faults=()):
    """The month's rows as lists of text, the faults of nature in them, the faults of machines not."""
    stream = random.Random(f"{seed}/{month:%Y-%m}")
    drift = sum(fault.amount for fault in faults if fault.name == "drift")
    factor = 1 + 0.5 * drift
    for fault in faults:
        if fault.name == "quiet":
            factor *= 1 - fault.amount
    rows = []
    for index, (situation, degrees, humidity, wind) in enumerate(weather(month, stream, min(drift, 1.0))):
        day, hour = month + datetime.timedelta(index // 24), index % 24
        weekday, holiday = day.isoweekday() % 7, is_holiday(day)
        working = weekday not in (0, 6) and not holiday
        casual, registered = rentals(stream, day, hour, working, situation, degrees, humidity, factor)
        feels = degrees + (2 if degrees > 25 else 0) - 0.12 * wind * (degrees < 10)
        instant = (day - datetime.date(FIRST_YEAR, 1, 1)).days * 24 + hour + 1
        calendar_values = (instant, day, season_of(day), day.year - FIRST_YEAR, day.month, hour)
        day_values = (int(holiday), weekday, int(working), situation)
        warmth = (_unit(round((degrees + 8) / 47 / 0.02) * 0.02, 2), _unit((round(feels) + 16) / 66, 4))
        air = (_unit(humidity, 2), _unit(wind / 67, 4))
        counts = (casual, registered, casual + registered)
        rows.append([str(value) for value in calendar_values + day_values + warmth + air + counts])
    return rows


def _unit(value, digits):
    """A number in 0..1 as UCI writes it, without trailing zeros."""
    return format(round(min(1.0, max(0.0, value)), digits), "g")


def break_rows(header, rows, faults, stream):
    """What sensors, networks and senders did to the rows. Returns the header and the rows as they arrive."""
    header, rows = list(header), [list(row) for row in rows]
    temp, atemp, hum = header.index("temp"), header.index("atemp"), header.index("hum")
    for fault in faults:
        stretch = min(len(rows), max(1, round(fault.amount * len(rows))))
        start = stream.randrange(len(rows) - stretch + 1)
        if fault.name == "stuck_sensor":
            for row in rows[start : start + stretch]:
                row[temp], row[atemp] = rows[start][temp], rows[start][atemp]
        elif fault.name == "missing_hours":
            del rows[start : start + stretch]
        elif fault.name == "broken_schema" and fault.variant == "renamed":
            header[temp] = "temperature"
        elif fault.name == "broken_schema" and fault.variant == "unit":
            for row in rows:
                row[temp] = format(round((float(row[temp]) * 47 - 8) * 1.8 + 32, 1), "g")
        elif fault.name == "broken_schema":
            for row in stream.sample(rows, stretch):
                row[hum] = "n/a"
    return header, rows


def month_csv(month, seed, faults=()):
    """One month's file as text."""
    stream = random.Random(f"{seed}/{month:%Y-%m}/faults")
    header, rows = break_rows(COLUMNS, month_rows(month, seed, faults), faults, stream)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
