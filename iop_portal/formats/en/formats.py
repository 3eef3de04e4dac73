"""Dates and times as the portal writes them: Tuesday 24 November, 5:30 pm."""

DATE_FORMAT = "l j F"
SHORT_DATE_FORMAT = "j M"
YEAR_MONTH_FORMAT = "F Y"
DATETIME_FORMAT = "l j F, g:i a"
SHORT_DATETIME_FORMAT = "D j M, g:i a"
TIME_FORMAT = "g:i a"
