"""`/groups`: groups and who is in them."""

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import BULK, body_up_to
from backend.controllers.http.confirming import IfConsequences, act
from backend.controllers.http.parameters import (
    DEFAULT_LIMIT,
    CurrentFollower,
    Cursor,
    IfMatch,
    Limit,
    Search,
    SortBy,
)
from backend.schemas.base import Page
from backend.schemas.consequence_acts import AddMembers, DeleteGroup, EditGroup, MoveMembers, RemoveMembers
from backend.schemas.groups import (
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
from backend.schemas.people import BulkAnswer
from backend.schemas.problem import Dependents
from backend.services.groups import group_deletion, groups, memberships
from backend.services.groups.groups import GroupQuery
from backend.services.people import learner_lists
from backend.services.people.learner_lists import LearnerQuery

TAGS = ["Groups"]


@get("/groups", operation_id="listGroups", opt=rights.signed_in(), tags=TAGS)
async def list_groups(
    actor: CurrentActor,
    follower: CurrentFollower,
    q: Search = None,
    kind: FromQuery[GroupKind | None] = None,
    parent: FromQuery[int | None] = None,
    mine: FromQuery[bool] = False,
    external_id: FromQuery[str | None] = None,
    ended: FromQuery[bool] = False,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Group]:
    """The groups one may know of; a private group of others shows only its counts. `mine`: those one leads. `ended`: those that have."""
    query = GroupQuery(q, kind, parent, mine, external_id, ended, sort, limit, cursor)
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
    return (await groups.bulk_upsert(actor, data.groups)).render(actor.reads)


@get("/groups/{group_id:int}", operation_id="getGroup", opt=rights.group("see"), tags=TAGS)
async def get_group(group_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> Group:
    """One group."""
    return await groups.get_group(actor, follower, group_id)


@patch("/groups/{group_id:int}", operation_id="changeGroup", opt=rights.group("manage"), tags=TAGS)
async def change_group(
    group_id: FromPath[int],
    data: JSONBody[GroupChange],
    actor: CurrentActor,
    if_match: IfMatch,
    confirmation: IfConsequences,
) -> Response[Group]:
    """Change what is given. For the group's admins."""
    return await confirmation.carry_out(
        act(EditGroup, data, id=group_id),
        lambda follower: groups.change_group(actor, follower, group_id, data, if_match),
    )


@get(
    "/groups/{group_id:int}/dependents",
    operation_id="listGroupDependents",
    opt=rights.group("manage"),
    tags=TAGS,
)
async def list_dependents(group_id: FromPath[int], actor: CurrentActor) -> Dependents:
    """What refers to it: what deleting it would break, with the sessions of methods. Nothing is done."""
    return await group_deletion.list_dependents(actor, group_id)


@delete("/groups/{group_id:int}", operation_id="deleteGroup", opt=rights.group("manage"), tags=TAGS)
async def delete_group(
    group_id: FromPath[int], actor: CurrentActor, confirmation: IfConsequences
) -> Response[None]:
    """Delete a group; enrollments and accounts stay. 409 with `dependents` while anything depends on it, unless its consequences were seen."""
    return await confirmation.carry_out(
        lambda: DeleteGroup(id=group_id),
        lambda follower: group_deletion.delete_group(
            actor, follower, group_id, with_dependents=confirmation.given
        ),
    )


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
    group_id: FromPath[int], data: JSONBody[MembersInput], actor: CurrentActor, confirmation: IfConsequences
) -> Response[MembersAdded]:
    """Add up to 10,000 people, or with `role` give it to those who are in already."""
    return await confirmation.carry_out(
        act(AddMembers, data, group_id=group_id),
        lambda _: memberships.add_members(actor, group_id, data),
    )


@post(
    "/groups/{group_id:int}/members/remove",
    operation_id="removeMembers",
    opt=rights.group("manage"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def remove_members(
    group_id: FromPath[int], data: JSONBody[MembersRemoval], actor: CurrentActor, confirmation: IfConsequences
) -> Response[MembersRemoved]:
    """Take people out: only of the group, or also of its sessions, with progress kept or erased. `dry_run` tells what it does."""
    return await confirmation.carry_out(
        act(RemoveMembers, data, group_id=group_id),
        lambda follower: memberships.remove_members(actor, follower, group_id, data),
    )


@post(
    "/groups/{group_id:int}/members/move",
    operation_id="moveMembers",
    opt=rights.group("manage"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def move_members(
    group_id: FromPath[int], data: JSONBody[MembersMove], actor: CurrentActor, confirmation: IfConsequences
) -> Response[MembersMoved]:
    """Move people to another group in the role they had; `unlink` is about the group they leave."""
    return await confirmation.carry_out(
        act(MoveMembers, data, group_id=group_id),
        lambda follower: memberships.move_members(actor, follower, group_id, data),
    )
