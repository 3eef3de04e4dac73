"""Fetching from an address that somebody typed: from public places only, and only so much of it, for only so long.

Servers are real ones on this machine, which the policy of a test allows; what the portal itself allows is tested
against the same servers, and refuses them.
"""

import http.server
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scheduling import fetching
from scheduling.fetching import PUBLIC, NotFetched, Policy, Trouble, fetch, proper_address, public

HOST = "calendar.example"
FILE = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
LOCAL = (ip_network("127.0.0.0/8"),)


# ── Which places are public ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.8", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1", "fd12::1",
        "ff02::1", "fec0::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe", "100::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_public_however_they_are_written(address):
    assert not public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_outside_are_public(address):
    assert public(ip_address(address))


# ── Which addresses are proper ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "fetched"),
    [
        ("webcal://calendar.example/a.ics", "https://calendar.example/a.ics"),
        (" HTTPS://Calendar.Example ", "https://calendar.example/"),
        ("https://calendar.example:443/a b.ics?key=ä#part", "https://calendar.example/a%20b.ics?key=%C3%A4"),
        ("https://bücher.example/a.ics", "https://xn--bcher-kva.example/a.ics"),
        ("https://[2606:4700::1111]:8443/a", "https://[2606:4700::1111]:8443/a"),
    ],
)
def test_a_proper_address_is_written_one_way(typed, fetched):
    assert proper_address(typed) == fetched


@pytest.mark.parametrize(
    ("typed", "trouble"),
    [
        ("", Trouble.NOT_AN_ADDRESS),
        ("my calendar", Trouble.NOT_AN_ADDRESS),
        ("file:///etc/passwd", Trouble.NOT_AN_ADDRESS),
        ("gopher://calendar.example/", Trouble.NOT_AN_ADDRESS),
        ("https:///a.ics", Trouble.NOT_AN_ADDRESS),
        ("https://calendar.example:99999/", Trouble.NOT_AN_ADDRESS),
        ("https://[::1", Trouble.NOT_AN_ADDRESS),
        ("https://" + "a" * 70 + ".ä/", Trouble.NOT_AN_ADDRESS),
        ("https://calendar.example/" + "a" * 2_000, Trouble.NOT_AN_ADDRESS),
        ("http://calendar.example/a.ics", Trouble.NOT_SECURE),
        ("https://maya:secret@calendar.example/", Trouble.WITH_PASSWORD),
        ("https://maya@calendar.example/", Trouble.WITH_PASSWORD),
    ],
)
def test_what_is_no_proper_address_is_refused_by_name(typed, trouble):
    with pytest.raises(NotFetched) as refused:
        proper_address(typed)
    assert refused.value.trouble == trouble


# ── A server ──────────────────────────────────────────────────────────────────────────────────────────────────


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.headers["Host"], self.path, {name.lower() for name in self.headers}))
        status, headers, body = self.server.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for part in body if isinstance(body, list) else [body]:
            self.wfile.write(part)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Whoever fetches may hang up."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """For the host's name, by nobody that a browser would trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    # The clock of whichever test asks first may stand elsewhere.
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def server(certificate):
    made = Server(("127.0.0.1", 0), Handler)
    made.seen, made.names = [], []
    made.answers = {"/a.ics": (200, {"Content-Type": "text/html"}, FILE)}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: made.names.append(name)
    made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def policy(server, certificate):
    """As the portal's own, but that this machine is allowed, the host leads to it, and its certificate is trusted."""

    def made(**changes):
        return Policy(**{
            "also": LOCAL,
            "ports": frozenset({server.server_port}),
            "resolve": lambda _host, _port: ["127.0.0.1"],
            "trust": lambda: ssl.create_default_context(cafile=certificate),
            "seconds": 5,
            **changes,
        })  # fmt: skip

    return made


def at(server, path="/a.ics", host=HOST):
    return f"https://{host}:{server.server_port}{path}"


def trouble_of(address, policy, most=1_000):
    with pytest.raises(NotFetched) as refused:
        fetch(address, most=most, policy=policy)
    assert "example" not in str(refused.value)
    return refused.value.trouble


def test_it_is_fetched_from_where_the_name_led_under_the_name_itself(server, policy):
    assert fetch(at(server), most=1_000, policy=policy()) == FILE
    assert server.names == [HOST]
    ((host, path, headers),) = server.seen
    assert (host, path) == (f"{HOST}:{server.server_port}", "/a.ics")
    assert headers == {"host", "accept", "accept-encoding", "user-agent"}  # no cookie, no referrer, no address of ours


def test_the_portal_s_own_policy_refuses_this_machine_whatever_it_is_called(server):
    ours = Policy(ports=frozenset({server.server_port}))
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"):
        assert trouble_of(at(server, host=host), ours) == Trouble.FORBIDDEN
    assert server.seen == []


def test_the_portal_s_own_policy_refuses_other_ports(server):
    assert trouble_of(at(server, host="127.0.0.1"), PUBLIC) == Trouble.FORBIDDEN


def test_a_name_that_also_leads_inside_is_refused(server, policy):
    both = policy(also=(), resolve=lambda _host, _port: ["93.184.215.14", "127.0.0.1"])
    assert trouble_of(at(server), both) == Trouble.FORBIDDEN


def test_a_name_is_looked_up_once_so_that_it_cannot_lead_elsewhere_the_second_time(server, policy):
    answers = [["127.0.0.1"], ["127.0.0.2"]]
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return answers[len(asked) - 1]

    assert fetch(at(server), most=1_000, policy=policy(resolve=rebinding)) == FILE
    assert asked == [HOST]


def test_a_redirect_is_followed_a_few_times_and_checked_each_time(server, policy):
    def to(where):
        return 302, {"Location": where}, b""

    server.answers |= {
        "/1": to("/2"),
        "/2": to(at(server, "/3")),
        "/3": to("/a.ics"),
        "/inside": to(at(server, host="metadata.example")),
        "/plain": to(f"http://{HOST}/a.ics"),
        "/password": to(f"https://a:b@{HOST}/"),
        "/nowhere": (302, {}, b""),
        "/round": to("/round"),
        "/0": to("/1"),
    }

    def resolve(host, _port):
        return ["169.254.169.254"] if host == "metadata.example" else ["127.0.0.1"]

    careful = policy(resolve=resolve)
    assert fetch(at(server, "/1"), most=1_000, policy=careful) == FILE
    assert trouble_of(at(server, "/inside"), careful) == Trouble.FORBIDDEN
    assert trouble_of(at(server, "/plain"), careful) == Trouble.NOT_SECURE
    assert trouble_of(at(server, "/password"), careful) == Trouble.WITH_PASSWORD
    for endless in ("/round", "/nowhere", "/0"):
        assert trouble_of(at(server, endless), careful) == Trouble.REDIRECTED


def test_too_much_is_not_read_to_its_end(server, policy):
    server.answers["/long"] = (200, {}, [b"x" * 600, b"x" * 600])
    server.answers["/told"] = (200, {"Content-Length": "9999999"}, b"x" * 1_200)
    assert trouble_of(at(server, "/long"), policy()) == Trouble.TOO_LARGE
    assert trouble_of(at(server, "/told"), policy()) == Trouble.TOO_LARGE


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500, 204])
def test_any_other_answer_is_a_refusal(server, policy, status):
    server.answers["/a.ics"] = (status, {}, b"")
    assert trouble_of(at(server), policy()) == Trouble.REFUSED


def test_a_certificate_that_is_not_trusted_or_of_another_name_is_refused(server, policy):
    assert trouble_of(at(server), policy(trust=ssl.create_default_context)) == Trouble.CERTIFICATE
    assert trouble_of(at(server, host="other.example"), policy()) == Trouble.CERTIFICATE
    assert server.seen == []


def test_a_name_without_a_place_and_a_place_without_an_answer(server, policy):
    def unknown(_host, _port):
        raise socket.gaierror

    assert trouble_of(at(server), policy(resolve=unknown)) == Trouble.UNKNOWN_HOST
    assert trouble_of(at(server), policy(resolve=lambda *_: [])) == Trouble.UNKNOWN_HOST
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        nobody = policy(ports=frozenset({port}))
        assert trouble_of(f"https://{HOST}:{port}/", nobody) == Trouble.NO_ANSWER


@contextmanager
def listening(speak):
    """A server of bare sockets, each handed to `speak` in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        ended = threading.Event()

        def serve():
            while True:
                try:
                    talk, _from = place.accept()
                except OSError:
                    return
                threading.Thread(target=speak, args=(talk, ended), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield place.getsockname()[1]
        ended.set()


def test_a_server_that_never_ends_is_left_when_the_time_is_up(server, policy, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def silent(talk, ended):
        ended.wait(20)

    def dripping(first):
        def speak(talk, ended):
            try:
                with context.wrap_socket(talk, server_side=True) as safe:
                    safe.recv(4096)
                    safe.sendall(first)
                    while not ended.wait(0.1):
                        safe.sendall(b"x")
            except OSError:
                pass

        return speak

    for speak in (
        silent,
        dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
    ):
        with listening(speak) as port:
            begun = time.monotonic()
            patient = policy(ports=frozenset({port}), seconds=1)
            assert trouble_of(f"https://{HOST}:{port}/", patient, most=100_000) == Trouble.NO_ANSWER
            assert time.monotonic() - begun < 3


def test_what_is_not_http_is_no_answer(certificate, policy):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def speak(talk, _ended):
        with context.wrap_socket(talk, server_side=True) as safe:
            safe.recv(4096)
            safe.sendall(b"220 mail.example ready\r\n")

    with listening(speak) as port:
        assert trouble_of(f"https://{HOST}:{port}/", policy(ports=frozenset({port}))) == Trouble.NO_ANSWER


def test_names_are_looked_up_by_the_system():
    assert "127.0.0.1" in fetching.look_up("localhost", 443) + fetching.look_up("127.0.0.1", 443)
