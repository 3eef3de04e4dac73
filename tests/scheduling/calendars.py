"""Calendars as people's own programs write them."""

BEGIN = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Somebody//Calendar//EN\r\n"
NEW_YORK = """BEGIN:VTIMEZONE
TZID:America/New_York
BEGIN:DAYLIGHT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
END:VTIMEZONE
"""


def calendar_of(*events: str, zone: bool = True) -> bytes:
    text = (NEW_YORK if zone else "") + "".join(events) + "END:VCALENDAR\n"
    return (BEGIN + text.replace("\r\n", "\n").replace("\n", "\r\n")).encode()


def event(start: str, end: str, *lines: str, uid: str = "one") -> str:
    """`start` and `end` with what stands before the value: "TZID=America/New_York:20261124T090000"."""

    def of(name, value):
        return f"{name};{value}" if ":" in value else f"{name}:{value}"

    told = ["SUMMARY:Zq-title with Dr. Grey", "LOCATION:Zq-place", "ATTENDEE:mailto:zq-someone@example.com"]
    middle = "\n".join([of("DTSTART", start), of("DTEND", end), *lines, *told])
    return f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\n{middle}\nEND:VEVENT\n"


NINE_TO_FIVE = event(
    "TZID=America/New_York:20240101T090000",
    "TZID=America/New_York:20240101T170000",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
)
