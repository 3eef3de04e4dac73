"""When and where care happens."""

from scheduling.models.attendance import Attendance, marked, newest_state, unmarked
from scheduling.models.commitments import Commitment
from scheduling.models.connected import Area, How, Look
from scheduling.models.courses import Course, CourseSeries, CourseSession, Participation
from scheduling.models.feeds import CalendarDelivery
from scheduling.models.hours import DayException, Hours, OtherHours, Room, TimeOff, WeeklyHours
from scheduling.models.joining import Arrival, VideoAddress, VideoRoom, Whereabouts
from scheduling.models.matching import MatchAnswers
from scheduling.models.own_calendars import BusyTime, OwnCalendar
from scheduling.models.reminders import AnswerLink, Reminder
from scheduling.models.series import Closure, Series, Skipped, TrackSeries
from scheduling.models.sessions import Booking, Facilitation, Session
from scheduling.models.waiting import Waiting
from scheduling.models.wishes import Firmness, WeekWishes

__all__ = [
    "AnswerLink",
    "Area",
    "Arrival",
    "Attendance",
    "Booking",
    "BusyTime",
    "CalendarDelivery",
    "Closure",
    "Commitment",
    "Course",
    "CourseSeries",
    "CourseSession",
    "DayException",
    "Facilitation",
    "Firmness",
    "Hours",
    "How",
    "Look",
    "MatchAnswers",
    "OtherHours",
    "OwnCalendar",
    "Participation",
    "Reminder",
    "Room",
    "Series",
    "Session",
    "Skipped",
    "TimeOff",
    "TrackSeries",
    "VideoAddress",
    "VideoRoom",
    "Waiting",
    "WeekWishes",
    "WeeklyHours",
    "Whereabouts",
    "marked",
    "newest_state",
    "unmarked",
]
