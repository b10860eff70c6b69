"""events: pages, following, reconnecting; api with a stream."""

import json
import signal

from fake_daemon import ID, Answer, CliCase, main, problem


def event(seq, request=ID, state="running"):
    return {"seq": seq, "id": f"evt_{seq}", "type": "request.state_changed", "at": "2026-11-22T00:00:00Z",
            "request_id": request, "order_id": None, "data": {"state": state}}


def sse(*events):
    pieces = [b": hello\n\n"]
    for one in events:
        text = f"id: {one['seq']}\r\nevent: {one['type']}\r\ndata: {json.dumps(one)}\r\n\r\n".encode()
        pieces += [text[:25], text[25:]]
    return Answer(200, stream=pieces, content_type="text/event-stream")


class EventTest(CliCase):
    def test_page(self):
        self.script("GET", "/v1/events", Answer(200, {"items": [event(1), event(2, "req_2")], "last_seq": 2}))

        self.assertIn("req_2", self.expect(0, "events").out)
        self.assertEqual(self.daemon.seen[0].query, "after=0")
        only = self.expect(0, "events", "--request", ID, "-o", "json").out
        self.assertEqual([e["seq"] for e in json.loads(only)["items"]], [1])

    def test_expired_cursor(self):
        self.script("GET", "/v1/events", problem(410, "cursor_expired", first_seq=500))

        for words in (["events", "--after", "1"], ["events", "-f", "--after", "1"]):
            self.assertIn("--after 500", self.expect(7, *words).err)

    def test_follow_resumes_after_the_last_event_seen(self):
        self.script("GET", "/v1/requests", Answer(200, {"items": [], "next_page_token": None, "event_cursor": 41}))
        self.script("GET", "/v1/events", sse(event(42), event(43, "req_other")), Answer(hang_up=True),
                    problem(503, "draining"), sse(event(44)), problem(403, "forbidden"))

        run = self.expect(4, "events", "--follow", "-o", "jsonl")

        self.assertEqual([json.loads(line)["seq"] for line in run.out.splitlines()], [42, 43, 44])
        streams = [s for s in self.daemon.calls() if s.path == "/v1/events"]
        self.assertEqual(streams[0].query, "after=41")
        self.assertEqual([s.headers.get("last-event-id") for s in streams], [None, "43", "43", "43", "44"])
        self.assertTrue(all(s.headers["accept"] == "text/event-stream" for s in streams))

    def test_follow_one_request_as_a_table(self):
        self.script("GET", "/v1/events", sse(event(1), event(2, "req_other"), {"type": "ping", "seq": 3}),
                    problem(403, "forbidden"))

        run = self.expect(4, "events", "-f", "--after", "0", "--request", ID)

        self.assertEqual(len(run.out.splitlines()), 1)
        self.assertIn("request.state_changed", run.out)

    def test_a_cut_event_is_not_shown_twice_or_half(self):
        whole = sse(event(1), event(2))
        whole.stream = whole.stream[:-1]
        self.script("GET", "/v1/events", whole, sse(event(2)), problem(403, "forbidden"))

        run = self.expect(4, "events", "-f", "--after", "0", "-o", "name")

        self.assertEqual(run.out, "evt_1\nevt_2\n")

    def test_ctrl_c_ends_it(self):
        self.daemon.hold_streams = True
        self.script("GET", "/v1/events", sse(event(1)))
        process = self.start_cli("events", "-f", "--after", "0", "-o", "name")
        self.assertEqual(process.stdout.readline(), b"evt_1\n", "each event is flushed at once")

        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

        self.assertEqual(process.returncode, 130)

    def test_never_there_is_ten_at_once(self):
        self.script("GET", "/v1/events", Answer(hang_up=True))

        self.expect(10, "events", "-f", "--after", "0")

        self.assertEqual(len(self.daemon.seen), 1)

    def test_gone_for_good_is_ten(self):
        self.script("GET", "/v1/events", sse(event(1)), Answer(hang_up=True))

        self.expect(10, "events", "-f", "--after", "0", "--reconnect", "500ms")

    def test_api_pours_a_stream(self):
        self.script("GET", "/v1/events", sse(event(1)))

        run = self.expect(0, "api", "GET", "/v1/events", "-H", "Accept: text/event-stream")

        self.assertIn("id: 1", run.out)


if __name__ == "__main__":
    main()
