"""Columns are recognised by the names CRMs use, and set where they are not."""

import pytest

from bot.importing.columns import recognise
from bot.importing.faults import FileError
from bot.importing.things import Thing


def fields(thing: Thing, header: list[str], *told: str) -> dict[str, str]:
    columns = recognise(thing, header, told)
    return {field: header[place] for field, place in columns.places.items()}


# Header lines as these programs write them.
HUBSPOT = ["Record ID", "Deal Name", "Deal Stage", "Close Date", "Deal owner", "Amount",
           "Create Date", "Original Source Type", "Currency", "Associated Contact IDs"]  # fmt: skip
PIPEDRIVE = ["Deal - ID", "Deal - Title", "Deal - Value", "Deal - Currency of Value",
             "Deal - Stage", "Deal - Status", "Deal - Owner", "Deal - Deal created",
             "Deal - Won time", "Deal - Lost time", "Deal - Deal closed on",
             "Deal - Organization", "Deal - Pipeline", "Deal - Expected close date",
             "Deal - Probability", "Deal - Lost reason"]  # fmt: skip
SALESFORCE = ["Id", "Name", "StageName", "Amount", "CloseDate", "CreatedDate", "OwnerId",
              "LeadSource", "ContactId", "IsClosed", "IsWon", "CurrencyIsoCode", "Probability",
              "Account Name", "Loss Reason", "Record Type"]  # fmt: skip
CLOSE = ["id", "lead_id", "lead_name", "note", "value", "value_currency", "status_label",
         "status_type", "user_name", "date_created", "date_won", "date_lost",
         "contact_id", "confidence", "pipeline_name"]  # fmt: skip
ATTIO = ["Record ID", "Deal name", "Deal stage", "Deal owner", "Deal value", "Associated company",
         "Created at"]  # fmt: skip
SALES = ["opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date",
         "close_date", "close_value"]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (HUBSPOT, {"id": "Record ID", "title": "Deal Name", "stage": "Deal Stage",
                   "closed_at": "Close Date", "owner": "Deal owner", "value": "Amount",
                   "created_at": "Create Date", "source": "Original Source Type",
                   "currency": "Currency", "contact_id": "Associated Contact IDs"}),
        (PIPEDRIVE, {"id": "Deal - ID", "title": "Deal - Title", "value": "Deal - Value",
                     "currency": "Deal - Currency of Value", "stage": "Deal - Stage",
                     "status": "Deal - Status", "owner": "Deal - Owner",
                     "created_at": "Deal - Deal created", "won_at": "Deal - Won time",
                     "lost_at": "Deal - Lost time", "closed_at": "Deal - Deal closed on",
                     "account": "Deal - Organization", "pipeline": "Deal - Pipeline",
                     "expected_close_date": "Deal - Expected close date",
                     "probability": "Deal - Probability", "lost_reason": "Deal - Lost reason"}),
        (SALESFORCE, {"id": "Id", "title": "Name", "stage": "StageName", "value": "Amount",
                      "closed_at": "CloseDate", "created_at": "CreatedDate",
                      "owner_id": "OwnerId", "source": "LeadSource", "contact_id": "ContactId",
                      "is_closed": "IsClosed", "is_won": "IsWon",
                      "currency": "CurrencyIsoCode", "probability": "Probability",
                      "account": "Account Name", "lost_reason": "Loss Reason",
                      "pipeline": "Record Type"}),
        (CLOSE, {"id": "id", "account": "lead_name", "value": "value",
                 "currency": "value_currency", "stage": "status_label", "status": "status_type",
                 "owner": "user_name", "created_at": "date_created", "won_at": "date_won",
                 "lost_at": "date_lost", "contact_id": "contact_id",
                 "probability": "confidence", "pipeline": "pipeline_name"}),
        (ATTIO, {"id": "Record ID", "title": "Deal name", "stage": "Deal stage",
                 "owner": "Deal owner", "value": "Deal value", "account": "Associated company",
                 "created_at": "Created at"}),
        (SALES, {"id": "opportunity_id", "owner": "sales_agent", "product": "product",
                 "account": "account", "stage": "deal_stage", "created_at": "engage_date",
                 "closed_at": "close_date", "value": "close_value"}),
    ],
    ids=["hubspot", "pipedrive", "salesforce", "close", "attio", "spreadsheet"],
)  # fmt: skip
def test_the_deals_of_each_crm_are_recognised_without_a_word(
    header: list[str], expected: dict[str, str]
) -> None:
    assert fields(Thing.DEALS, header) == expected


def test_contacts_are_recognised_with_their_names_in_two_columns() -> None:
    header = ["Record ID", "First Name", "Last Name", "Email", "Lifecycle Stage", "Lead Status",
              "Contact owner", "Create Date", "Last Contacted", "Company Name"]  # fmt: skip
    assert fields(Thing.CONTACTS, header) == {
        "id": "Record ID",
        "first_name": "First Name",
        "last_name": "Last Name",
        "email": "Email",
        "status": "Lifecycle Stage",
        "lead_status": "Lead Status",
        "owner": "Contact owner",
        "created_at": "Create Date",
        "last_contacted_at": "Last Contacted",
        "company": "Company Name",
    }


def test_a_leads_source_is_no_id_of_the_lead() -> None:
    assert fields(Thing.CONTACTS, ["Name", "Lead Source"])["source"] == "Lead Source"


def test_tasks_are_recognised() -> None:
    header = ["Activity - ID", "Activity - Subject", "Activity - Done", "Activity - Due date",
              "Activity - Priority", "Activity - Assigned to user", "Activity - Note"]  # fmt: skip
    assert fields(Thing.TASKS, header) == {
        "id": "Activity - ID",
        "title": "Activity - Subject",
        "status": "Activity - Done",
        "due_date": "Activity - Due date",
        "priority": "Activity - Priority",
        "owner": "Activity - Assigned to user",
        "note": "Activity - Note",
    }


def test_a_column_can_be_told_and_is_then_not_used_for_anything_else() -> None:
    header = ["Name", "Total", "Amount"]
    columns = recognise(Thing.DEALS, header, ["value=Total"])
    assert header[columns.places["value"]] == "Total"
    assert columns.other == {"Amount": 2}


def test_what_no_field_is_known_for_is_kept_by_its_name_up_to_a_number() -> None:
    header = ["Name", *(f"Field {number}" for number in range(50)), "", "Name"]
    columns = recognise(Thing.DEALS, header, [])
    assert list(columns.other) == header[1:41]
    assert columns.unused == [*header[41:51], "Name"]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("colour=Name", "deals have no field “colour”; choose one of: id, title, stage"),
        ("value=Summe", "no column “Summe”; it has “Name”, “Amount”"),
        ("value", "not of the form FIELD=COLUMN"),
    ],
)
def test_a_wrong_map_is_refused_with_what_is_right(told: str, sentence: str) -> None:
    with pytest.raises(FileError, match=sentence):
        recognise(Thing.DEALS, ["Name", "Amount"], [told])


def test_a_file_without_any_known_name_is_refused_with_the_way_out() -> None:
    with pytest.raises(FileError, match=r"among “Foo”, “Bar”.*--map title=COLUMN"):
        recognise(Thing.DEALS, ["Foo", "Bar"], [])
