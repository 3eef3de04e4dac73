"""`python -m tests.benchmarks`, with PostgreSQL running: see `make bench`."""

import os
import sys

import django

os.environ |= {"DJANGO_SETTINGS_MODULE": "iop_portal.settings", "PORTAL_ENV": "test", "PORTAL_LOG_LEVEL": "ERROR"}
django.setup()

from tests.benchmarks.booking import measure_booking  # noqa: E402 (settings have to be there first)
from tests.benchmarks.feeds import measure_feed  # noqa: E402
from tests.benchmarks.planner import measure_planner  # noqa: E402
from tests.benchmarks.ratios import main, measure_caseload  # noqa: E402
from tests.benchmarks.timetable import measure_timetable  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(measure_caseload, measure_timetable, measure_feed, measure_planner, measure_booking))
