"""simple_salesforce_client.py URL: reads a Salesforce emulator with simple-salesforce."""

import csv
import io
import json
import sys
import urllib.request

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

url = sys.argv[1]


class Plain(HTTPAdapter):
    """The client only speaks HTTPS, to salesforce.com at sign-in: this is the way to the emulator."""

    def send(self, request, **kwargs):
        path = request.url.split("/", 3)[3]
        request.url = f"{url}/{path}"
        return super().send(request, **kwargs)


def ask(path):
    with urllib.request.urlopen(f"{url}/_admin/{path}") as answer:
        return json.load(answer)


def connect(**kwargs):
    session = requests.Session()
    session.mount("https://", Plain())
    return Salesforce(session=session, version="62.0", **kwargs)


credentials, truth = ask("credentials"), ask("truth")
by_soap = connect(
    username=credentials["username"], password=credentials["password"], security_token="x"
)
by_key = connect(
    username=credentials["username"],
    consumer_key=credentials["client_id"],
    privatekey=credentials["private_key"],
)
by_client = connect(
    consumer_key=credentials["client_id"],
    consumer_secret=credentials["client_secret"],
    domain="emulated.my",
)

wanted = {deal["id"]: (deal["name"], deal["stage"], deal["close_date"]) for deal in truth["deals"]}
query = "SELECT Id, Name, StageName, CloseDate FROM Opportunity"
for client in (by_soap, by_key, by_client):
    found = client.query_all_iter(query)
    rows = {row["Id"]: (row["Name"], row["StageName"], row["CloseDate"]) for row in found}
    assert rows == wanted

everything = by_key.query_all(query, include_deleted=True)
assert everything["totalSize"] == len(truth["deals"]) + len(truth["deleted"])
assert by_key.Opportunity.describe()["name"] == "Opportunity"
assert by_key.Opportunity.get(truth["deals"][0]["id"])["Name"] == truth["deals"][0]["name"]
assert by_key.limits()["DailyApiRequests"]["Max"] > 0
try:
    by_key.query("SELECT Nothing__c FROM Opportunity")
    raise AssertionError("a field that is not there was read")
except SalesforceMalformedRequest as error:
    assert error.content[0]["errorCode"] == "INVALID_FIELD"

rows = {}
for page in by_key.bulk2.Opportunity.query(query, max_records=70):
    for row in csv.DictReader(io.StringIO(page)):
        rows[row["Id"]] = (row["Name"], row["StageName"], row["CloseDate"])
assert rows == wanted
print(f"simple-salesforce: {len(wanted)} opportunities are the same by query and by bulk")
