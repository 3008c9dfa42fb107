"""Signs in before every case, because cases sign out, delete the account and end sessions; validates binary replies;
and creates the drawings that the description's examples name."""

import io
import os
import urllib.parse
import zipfile

import requests
import schemathesis

SERVER = os.environ["YIBI_SERVER"]
LOGIN = os.environ["YIBI_LOGIN"]


def phone():
    return requests.post(LOGIN, json={"user": "schemathesis"}, timeout=10).json()


def sign_in():
    login = phone()
    reply = requests.post(f"{SERVER}/api/v1/session", json={"code": login["code"], "reopen": True}, timeout=10)
    reply.raise_for_status()
    return reply.json()["token"]


def draw():
    authorization = {"Authorization": f"Bearer {sign_in()}"}
    stroke = {"type": "stroke", "tool": "ink", "color": "#112233", "width": 28, "at": 5, "points": [1, 2, 0, 30, 40, 16]}
    actions = [stroke, {"type": "background", "color": "#fff8e7"}]
    actions += [{"type": kind} for kind in ("undo", "redo", "clear")]
    for name in ("k3v", "in-the-bin"):
        url = f"{SERVER}/api/v1/drawings/{name}/actions"
        requests.post(url, json={"from_seq": 0, "actions": actions}, headers=authorization, timeout=10).raise_for_status()
    url = f"{SERVER}/api/v1/drawings/in-the-bin"
    requests.delete(url, headers=authorization, timeout=10).raise_for_status()
    login = phone()
    session = {
        "X-WX-Code": login["code"],
        "X-WX-RawData": urllib.parse.quote(login["raw_data"]),
        "X-WX-Signature": login["signature"],
    }
    canvas = '[{"method":"beginPath","data":[]},{"method":"moveTo","data":[10,20]},' \
        '{"method":"lineTo","data":[30,40]},{"method":"stroke","data":[]}]'
    for name in ("k3v", "from-2016"):
        body = {"id": name, "actions": canvas}
        url = f"{SERVER}/applet/session/paints/save"
        reply = requests.post(url, json=body, headers=session, timeout=10).json()
        assert reply["code"] == 0, reply


draw()


@schemathesis.auth(refresh_interval=None)
class Token:
    def get(self, case, context):
        return sign_in()

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.deserializer("image/png")
def png(context, response):
    assert response.content.startswith(b"\x89PNG\r\n\x1a\n"), "no PNG"
    return "PNG"


@schemathesis.deserializer("image/gif")
def gif(context, response):
    assert response.content.startswith(b"GIF89a"), "no GIF"
    return "GIF"


@schemathesis.deserializer("image/jpeg")
def jpeg(context, response):
    assert response.content.startswith(b"\xff\xd8\xff"), "no JPEG"
    return "JPEG"


@schemathesis.deserializer("application/zip")
def zip_file(context, response):
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None, "a damaged zip file"
    return "zip"
