import json
from tests.unit.api.city import City, identifier

def test_it(city, tianmen, wuhan):
    city.submit(city.licence("TM2022A0000000000001", {"ZZMC": "营业执照", "CZZT": "天门市示例餐饮店"}, b"%PDF one"))
    city.anchor()
    proof = city.proof(identifier("TM2022A0000000000001"))
    r = wuhan.post("/v1/verify", files={"proof": proof.encode(), "document": b"%PDF one"})
    print(r.status_code, r.text[:3000])
    print(tianmen.get("/readyz").text, wuhan.get("/v1/logs").text, wuhan.get("/v1/anchors?log=tianmen").text, tianmen.get("/v1/logs/tianmen/entries").text)
    r = wuhan.post("/v1/verify", content=b'{"proof":%s,"claims":{"ZZMC": "x"}}' % proof.encode(), headers={"content-type":"application/json"})
    print(r.json()["reason"])
    print(wuhan.get("/openapi.json").text[:300])
    print(tianmen.post("/", files={"proof": proof.encode()}).text)
    assert 0
