"""`/groups`: groups and who is in them."""

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers import route_rights as rights
from backend.controllers.authentication import CurrentActor
from backend.controllers.bodies import BULK, body_up_to
from backend.controllers.parameters import DEFAULT_LIMIT, Cursor, IfMatch, Limit, Search, SortBy
from backend.index import Follower
from backend.schemas.commons import Page
from backend.schemas.people import (
    BulkAnswer,
    Group,
    GroupChange,
    GroupInput,
    GroupKind,
    GroupsBulk,
    Member,
    MembersAdded,
    MembersInput,
    MembersMove,
    MembersMoved,
    MembersRemoval,
    MembersRemoved,
)
from backend.services import groups, learner_lists, memberships
from backend.services.groups import GroupQuery
from backend.services.learner_lists import LearnerQuery

TAGS = ["Groups"]
CurrentFollower = NamedDependency[Follower]


@get("/groups", operation_id="listGroups", opt=rights.signed_in(), tags=TAGS)
async def list_groups(
    actor: CurrentActor,
    follower: CurrentFollower,
    q: Search = None,
    kind: FromQuery[GroupKind | None] = None,
    parent: FromQuery[int | None] = None,
    mine: FromQuery[bool] = False,
    external_id: FromQuery[str | None] = None,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Group]:
    """The groups one may know of; a private group of others shows only its counts. `mine`: those one leads."""
    query = GroupQuery(q, kind, parent, mine, external_id, sort, limit, cursor)
    return await groups.list_groups(actor, follower, query)


@post("/groups", operation_id="createGroup", opt=rights.groups_below(), tags=TAGS)
async def create_group(data: JSONBody[GroupInput], actor: CurrentActor, follower: CurrentFollower) -> Group:
    """Add a group: platform admins anywhere, group admins below their groups."""
    return await groups.create_group(actor, follower, data)


@post(
    "/groups/bulk",
    operation_id="bulkGroups",
    opt=rights.admins() | body_up_to(BULK),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def bulk_groups(data: JSONBody[GroupsBulk], actor: CurrentActor) -> BulkAnswer:
    """Create or update up to 10,000 groups by external id; parents may be in the same request, in any order."""
    return await groups.bulk_upsert(actor, data.groups)


@get("/groups/{group_id:int}", operation_id="getGroup", opt=rights.group("see"), tags=TAGS)
async def get_group(group_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> Group:
    """One group."""
    return await groups.get_group(actor, follower, group_id)


@patch("/groups/{group_id:int}", operation_id="changeGroup", opt=rights.group("manage"), tags=TAGS)
async def change_group(
    group_id: FromPath[int],
    data: JSONBody[GroupChange],
    actor: CurrentActor,
    follower: CurrentFollower,
    if_match: IfMatch,
) -> Group:
    """Change what is given. For the group's admins."""
    return await groups.change_group(actor, follower, group_id, data, if_match)


@delete("/groups/{group_id:int}", operation_id="deleteGroup", opt=rights.group("manage"), tags=TAGS)
async def delete_group(group_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> None:
    """Delete a group; enrollments and accounts stay. 409 with `dependents` while anything depends on it."""
    await groups.delete_group(actor, follower, group_id)


@get("/groups/{group_id:int}/members", operation_id="listMembers", opt=rights.group("members"), tags=TAGS)
async def list_members(
    group_id: FromPath[int],
    actor: CurrentActor,
    q: Search = None,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Member]:
    """The direct members. For the group's admins and coaches."""
    query = LearnerQuery(q=q, sort=sort, limit=limit, cursor=cursor)
    return await learner_lists.list_members(actor, group_id, query)


@post(
    "/groups/{group_id:int}/members",
    operation_id="addMembers",
    opt=rights.group("manage"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def add_members(
    group_id: FromPath[int], data: JSONBody[MembersInput], actor: CurrentActor
) -> MembersAdded:
    """Add up to 10,000 people, or with `role` give it to those who are in already."""
    return await memberships.add_members(actor, group_id, data)


@post(
    "/groups/{group_id:int}/members/remove",
    operation_id="removeMembers",
    opt=rights.group("manage"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def remove_members(
    group_id: FromPath[int], data: JSONBody[MembersRemoval], actor: CurrentActor, follower: CurrentFollower
) -> MembersRemoved:
    """Take people out: only of the group, or also of its sessions, with progress kept or erased. `dry_run` tells what it does."""
    return await memberships.remove_members(actor, follower, group_id, data)


@post(
    "/groups/{group_id:int}/members/move",
    operation_id="moveMembers",
    opt=rights.group("manage"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def move_members(
    group_id: FromPath[int], data: JSONBody[MembersMove], actor: CurrentActor, follower: CurrentFollower
) -> MembersMoved:
    """Move people to another group in the role they had; `unlink` is about the group they leave."""
    return await memberships.move_members(actor, follower, group_id, data)
