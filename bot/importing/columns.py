"""Which column holds which field: by the names that CRMs give their columns, or as told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.importing.faults import FileError
from bot.importing.things import Thing
from coach.mirror import MOST_OTHER

# Names are compared without case, spaces and signs, and without the thing's own name in front:
# "Deal - Title", "deal_title" and "DealTitle" are all `title`. The first that a file has wins.
_ID = (
    "id",
    "recordid",
    "objectid",
    "recordidentifier",
    "externalid",
    "hsobjectid",
    "key",
    "number",
    "no",
)
_OWNER_EMAIL = (
    "owneremail",
    "ownersemail",
    "owneremailaddress",
    "assigneeemail",
    "assignedtoemail",
    "useremail",
    "salesrepemail",
    "repemail",
    "agentemail",
    "selleremail",
)
_OWNER = (
    "owner", "ownername", "ownerfullname", "recordowner", "assignedto", "assignee", "assigned",
    "assignedtouser", "assignedtoname", "salesagent", "salesrep", "salesperson",
    "salesrepresentative", "seller", "sellername", "rep", "agent", "accountexecutive",
    "responsible", "responsibleperson", "username", "user", "accountowner",
)  # fmt: skip
_OWNER_ID = ("ownerid", "userid", "assigneeid", "assignedtoid", "hubspotownerid")
_URL = ("url", "link", "permalink", "recordlink", "recordurl", "weblink")
_CREATED = (
    "createdat", "createdate", "createddate", "datecreated", "created", "createdon", "createdtime",
    "creationdate", "addtime", "added", "addedat", "addedon", "dateadded", "opened", "opendate",
    "startdate", "engagedate", "entrydate",
)  # fmt: skip
_SOURCE = (
    "source", "leadsource", "originalsource", "originalsourcetype", "originalsourcedrilldown1",
    "sourcechannel", "sourceorigin", "channel", "origin", "leadorigin", "utmsource",
)  # fmt: skip
_CONTACT_ID = (
    "contactid", "contactids", "associatedcontactids", "associatedcontactid", "personid",
    "primarycontactid", "whoid", "associatedpeopleids",
)  # fmt: skip

_DELETED = ("isdeleted", "deleted", "isarchived", "hsisdeleted")
_STAGE_ENTERED = (
    "laststagechangedate", "laststagechange", "laststagechangedon", "laststagechangedat",
    "laststagechangetime", "stagechangedon", "stagechangedat", "stagechangeddate",
    "stagechangedate", "stagechangetime", "stagechanged", "stagelastchanged",
    "stagelastchangedon", "stageupdatedat", "stagemodifiedtime", "stagemodifieddate",
    "laststagemodifiedtime", "dateenteredcurrentstage", "hsv2dateenteredcurrentstage",
    "hsdateenteredcurrentstage", "currentstageentrydate", "currentstagesince", "stageenteredat",
    "stageenteredon", "stageentereddate", "stageentered", "enteredstageon", "enteredstageat",
    "enteredstage", "dateenteredstage", "stageentrydate", "stagesince", "instagesince",
    "stagestartdate", "stagedate", "datestagechanged", "timestampofstagechange",
)  # fmt: skip

NAMES: Mapping[Thing, Mapping[str, Sequence[str]]] = {
    Thing.DEALS: {
        "id": (*_ID, "opportunityid", "dealid"),
        "title": ("title", "dealname", "opportunityname", "name", "subject", "deal", "opportunity",
                  "topic", "project", "projectname"),
        "stage": ("stage", "stagename", "pipelinestage", "salesstage", "statuslabel", "phase",
                  "step", "list"),
        "stage_entered_at": _STAGE_ENTERED,
        "status": ("status", "statustype", "state", "outcome", "result", "wonlost"),
        "is_won": ("iswon", "won", "isclosedwon", "hsisclosedwon", "isdealwon"),
        "is_lost": ("islost", "lost", "isclosedlost", "hsisclosedlost", "isdeallost"),
        "is_closed": ("isclosed", "closed", "isdealclosed", "hsisclosed", "isopportunityclosed"),
        "deleted": _DELETED,
        "value": ("value", "amount", "closevalue", "dealvalue", "dealamount", "price", "total",
                  "totalvalue", "totalamount", "revenue", "expectedrevenue", "amountconverted",
                  "amountincompanycurrency", "estimatedvalue", "estvalue", "budget", "arr", "acv",
                  "tcv"),
        "currency": ("currency", "currencyofvalue", "valuecurrency", "amountcurrency",
                     "currencyisocode", "currencycode"),
        "source": _SOURCE,
        "contact_id": _CONTACT_ID,
        "owner_email": _OWNER_EMAIL,
        "owner": _OWNER,
        "owner_id": _OWNER_ID,
        "url": _URL,
        "created_at": _CREATED,
        "won_at": ("wontime", "datewon", "wonat", "wondate", "wonon"),
        "lost_at": ("losttime", "datelost", "lostat", "lostdate", "loston"),
        "closed_at": ("closedat", "closeddate", "dateclosed", "closedon", "closedtime", "closedate",
                      "actualclosedate", "closetime", "enddate"),
        "account": ("account", "accountname", "company", "companyname", "organization",
                    "organisation", "organizationname", "associatedcompany", "leadname",
                    "customer", "client", "customername", "clientname"),
        "product": ("product", "productname", "products", "service"),
        "pipeline": ("pipeline", "pipelinename", "salespipeline", "recordtype"),
        "expected_close_date": ("expectedclosedate", "expectedclose", "expectedclosingdate",
                                "estimatedclosedate", "estimatedclose", "targetclosedate",
                                "forecastclosedate", "closedateexpected", "estclosedate"),
        "probability": ("probability", "probabilityofclose", "winprobability", "closeprobability",
                        "stageprobability", "confidence", "likelihood", "chance", "winlikelihood"),
        "lost_reason": ("lostreason", "closedlostreason", "lossreason", "reasonlost",
                        "reasonforloss", "reasonforlosing", "losereason", "lostreasondetail"),
    },
    Thing.CONTACTS: {
        "id": _ID,
        "name": ("name", "fullname", "displayname", "contact", "person", "lead"),
        "first_name": ("firstname", "givenname", "forename"),
        "last_name": ("lastname", "surname", "familyname"),
        "email": ("email", "emailaddress", "primaryemail", "mail", "emailwork", "workemail",
                  "emailaddresses", "emails", "email1", "emailhome"),
        "status": ("lifecyclestage", "status", "type", "stage", "category", "relationship",
                   "label"),
        "lead_status": ("leadstatus", "hsleadstatus"),
        "deleted": _DELETED,
        "source": _SOURCE,
        "owner_email": _OWNER_EMAIL,
        "owner": _OWNER,
        "owner_id": _OWNER_ID,
        "url": _URL,
        "created_at": _CREATED,
        "last_contacted_at": ("lastcontactedat", "lastcontacted", "lastcontact", "lastcontactdate",
                              "lastcontacteddate", "datelastcontacted", "lastactivitydate",
                              "lastactivity", "lastinteraction", "lastcommunicationdate",
                              "lasttouch", "lastinteractionat"),
        "company": ("company", "companyname", "account", "accountname", "organization",
                    "organisation", "organizationname", "associatedcompany", "employer",
                    "leadname"),
    },
    Thing.TASKS: {
        "id": _ID,
        "title": ("title", "subject", "name", "task", "todo", "summary", "activity", "text",
                  "content"),
        "status": ("status", "done", "completed", "iscompleted", "iscomplete", "complete",
                   "isclosed", "state", "isdone"),
        "priority": ("priority", "importance", "urgency"),
        "due_date": ("duedate", "due", "activitydate", "deadline", "dueon", "dueat", "date",
                     "duedateonly", "datedue"),
        "note": ("note", "notes", "description", "body", "comments", "comment", "details"),
        "completed_at": ("completedat", "completeddate", "completiondate", "datecompleted",
                         "markedasdonetime", "completedon", "doneat", "closedat",
                         "completeddatetime", "finishedat"),
        "deleted": _DELETED,
        "contact_id": (*_CONTACT_ID, "associatedrecordid"),
        "deal_id": ("dealid", "opportunityid", "associateddealids", "associateddealid", "whatid"),
        "owner_email": _OWNER_EMAIL,
        "owner": _OWNER,
        "owner_id": _OWNER_ID,
        "url": _URL,
        "created_at": _CREATED,
    },
}  # fmt: skip

#: What CRMs put in front of a column's name.
_OWN_NAMES: Mapping[Thing, Sequence[str]] = {
    Thing.DEALS: ("deal", "opportunity", "opp"),
    Thing.CONTACTS: ("contact", "person", "lead", "people"),
    Thing.TASKS: ("task", "activity", "todo"),
}

#: Fields one of which must be there for a row to say anything.
_TELLING: Mapping[Thing, Sequence[str]] = {
    Thing.DEALS: ("title", "id", "account", "product"),
    Thing.CONTACTS: ("name", "first_name", "last_name", "email"),
    Thing.TASKS: ("title",),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field is: field -> position; and the columns kept under their own names."""

    places: Mapping[str, int]
    other: Mapping[str, int]
    #: Columns beyond the number of those that are kept.
    unused: Sequence[str] = ()
    #: Of deals: the stage, and the column that tells when they came to it.
    stages: Sequence[tuple[str, int]] = ()


def recognise(
    thing: Thing, header: Sequence[str], told: Sequence[str], fixed: Collection[str] = ()
) -> Columns:
    """Find the fields of `thing`; `told` are the user's own `field=column` pairs.

    For those that are `fixed`, the same in every row, no column is looked for.

    Raises `FileError` naming what is wrong with a pair, or what the file lacks.
    """
    places = _as_told(thing, header, told)
    names = [compact(column) for column in header]
    short = [_without_own_name(thing, name) for name in names]
    taken = set(places.values())
    # Whole names first: "Lead source" of a contact is no "source" of something called lead.
    for spelling in (names, short):
        for field, aliases in NAMES[thing].items():
            if field in places or field in fixed:
                continue
            for alias in aliases:
                at = next(
                    (i for i, name in enumerate(spelling) if name == alias and i not in taken), None
                )
                if at is not None:
                    places[field] = at
                    taken.add(at)
                    break
    if thing is Thing.DEALS and "expected_close_date" not in places:
        _expected(header, places, taken)
    if not any(field in places for field in _TELLING[thing]):
        raise FileError(
            f"No column for the {_TELLING[thing][0]} of {thing} was recognised among "
            f"{_listed(header)}. Say which it is: --map {_TELLING[thing][0]}=COLUMN."
        )
    return Columns(places, *_others(header, taken))


def _expected(header: Sequence[str], places: dict[str, int], taken: set[int]) -> None:
    """Beside a column of when deals were closed, “close date” is when they are to be."""
    if {"closed_at", "won_at", "lost_at"} & places.keys():
        for i, column in enumerate(header):
            name = _without_own_name(Thing.DEALS, compact(column))
            if name == "closedate" and i not in taken:
                places["expected_close_date"] = i
                taken.add(i)
                break


def with_stages(
    columns: Columns, header: Sequence[str], stages: Sequence[tuple[str, int]]
) -> Columns:
    """The columns with those that tell when a deal came to a stage, which are no others then."""
    taken = {*columns.places.values(), *(place for _, place in stages)}
    return Columns(columns.places, *_others(header, taken), stages)


def _others(header: Sequence[str], taken: Collection[int]) -> tuple[dict[str, int], Sequence[str]]:
    other: dict[str, int] = {}
    for i, column in enumerate(header):
        if column and i not in taken:
            other.setdefault(column, i)
    kept = dict(list(other.items())[:MOST_OTHER])
    return kept, [column for column in other if column not in kept]


def _as_told(thing: Thing, header: Sequence[str], told: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    exact = {column: i for i, column in reversed(list(enumerate(header)))}
    loose = {compact(column): i for i, column in reversed(list(enumerate(header)))}
    for pair in told:
        field, sign, column = pair.partition("=")
        field, column = field.strip().lower().replace("-", "_"), column.strip()
        if not sign or not column:
            raise FileError(f"--map {pair} is not of the form FIELD=COLUMN.")
        if field not in NAMES[thing]:
            known = ", ".join(NAMES[thing])
            raise FileError(f"--map: {thing} have no field “{field}”; choose one of: {known}.")
        place = exact.get(column, loose.get(compact(column)) if compact(column) else None)
        if place is None:
            raise FileError(f"--map: the file has no column “{column}”; it has {_listed(header)}.")
        places[field] = place
    return places


def compact(name: str) -> str:
    """A column's name reduced to what is compared."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _without_own_name(thing: Thing, name: str) -> str:
    for own in _OWN_NAMES[thing]:
        # Some say it twice: "Deal - Deal created".
        while name.startswith(own) and len(name) > len(own):
            name = name.removeprefix(own)
    return name


def _listed(header: Sequence[str]) -> str:
    shown = [f"“{column}”" for column in header[:20] if column]
    return ", ".join(shown) + (" …" if len(header) > 20 else "")
