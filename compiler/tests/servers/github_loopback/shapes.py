"""The objects of GitHub's description, whole: what a tool leaves out, it leaves out of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from github_loopback.state import Comment, Issue, Pull, Repository

API = "https://api.github.com"
HTML = "https://github.com"
DOCS = "https://docs.github.com/rest"
TIME = "2026-11-22T09:30:00Z"

Json = dict[str, Any]


def error(status: int, message: str, errors: list[Json] | None = None) -> Json:
    found: Json = {"message": message}
    if errors is not None:
        found["errors"] = errors
    return {**found, "documentation_url": DOCS, "status": str(status)}


def user(login: str) -> Json:
    """A `simple-user`."""
    url = f"{API}/users/{login}"
    bot = login.endswith("[bot]")
    return {
        "login": login,
        "id": 1000 + sum(login.encode()),
        "node_id": "MDQ6VXNlcjE=",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{1000 + sum(login.encode())}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{HTML}/{login}",
        "followers_url": f"{url}/followers",
        "following_url": f"{url}/following{{/other_user}}",
        "gists_url": f"{url}/gists{{/gist_id}}",
        "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{url}/subscriptions",
        "organizations_url": f"{url}/orgs",
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events{{/privacy}}",
        "received_events_url": f"{url}/received_events",
        "type": "Bot" if bot else "User",
        "user_view_type": "public",
        "site_admin": False,
    }


_TEMPLATES = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}


def repository_shape(name: str) -> Json:
    """A `repository`."""
    owner, _, short = name.partition("/")
    url = f"{API}/repos/{name}"
    urls = {key: f"{url}/{template}" for key, template in _TEMPLATES.items()}
    flags = ("has_downloads", "has_issues", "has_projects", "has_wiki")
    return {
        "id": 1_296_269,
        "node_id": "MDEwOlJlcG9zaXRvcnkxMjk2MjY5",
        "name": short,
        "full_name": name,
        "private": True,
        "owner": user(owner),
        "html_url": f"{HTML}/{name}",
        "description": None,
        "fork": False,
        "url": url,
        **urls,
        "clone_url": f"{HTML}/{name}.git",
        "git_url": f"git://github.com/{name}.git",
        "ssh_url": f"git@github.com:{name}.git",
        "svn_url": f"{HTML}/{name}",
        "mirror_url": None,
        "homepage": None,
        "language": "Python",
        "forks": 0,
        "forks_count": 0,
        "stargazers_count": 4,
        "watchers": 4,
        "watchers_count": 4,
        "size": 108,
        "default_branch": "main",
        "open_issues": 2,
        "open_issues_count": 2,
        "is_template": False,
        "topics": [],
        **dict.fromkeys(flags, True),
        "has_discussions": False,
        "has_pages": False,
        "archived": False,
        "disabled": False,
        "visibility": "private",
        "pushed_at": TIME,
        "created_at": TIME,
        "updated_at": TIME,
        "license": None,
        "allow_forking": True,
        "web_commit_signoff_required": False,
    }


def reactions(url: str) -> Json:
    counts = ("+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket")
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(counts, 0)}


def label(repository: str, name: str) -> Json:
    return {
        "id": 208_045_946,
        "node_id": "MDU6TGFiZWwyMDgwNDU5NDY=",
        "url": f"{API}/repos/{repository}/labels/{name}",
        "name": name,
        "description": None,
        "color": "f29513",
        "default": False,
    }


def comment_shape(repository: str, one: Comment) -> Json:
    """An `issue-comment`."""
    url = f"{API}/repos/{repository}/issues/comments/{one.id}"
    return {
        "url": url,
        "html_url": f"{HTML}/{repository}/issues/{one.number}#issuecomment-{one.id}",
        "issue_url": f"{API}/repos/{repository}/issues/{one.number}",
        "id": one.id,
        "node_id": "MDEyOklzc3VlQ29tbWVudDE=",
        "user": user(one.author),
        "created_at": TIME,
        "updated_at": TIME,
        "body": one.body,
        "author_association": "NONE" if one.author.endswith("[bot]") else "MEMBER",
        "performed_via_github_app": None,
        "reactions": reactions(url),
    }


def file_shape(repository: str, pull: Pull, given: Mapping[str, Any]) -> Json:
    """A `diff-entry`."""
    name = str(given["filename"])
    patch = str(given.get("patch", ""))
    added = sum(1 for line in patch.splitlines() if line.startswith("+"))
    removed = sum(1 for line in patch.splitlines() if line.startswith("-"))
    return {
        "sha": "bbcd538c8e72b8c175046e27cc8f907076331401",
        "filename": name,
        "status": "modified",
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
        "blob_url": f"{HTML}/{repository}/blob/{pull.head_sha}/{name}",
        "raw_url": f"{HTML}/{repository}/raw/{pull.head_sha}/{name}",
        "contents_url": f"{API}/repos/{repository}/contents/{name}?ref={pull.head_sha}",
        **given,
    }


def branch_shape(repository: str, name: str, sha: str) -> Json:
    owner = repository.partition("/")[0]
    return {
        "label": f"{owner}:{name}",
        "ref": name,
        "sha": sha,
        "user": user(owner),
        "repo": repository_shape(repository),
    }


def pull_shape(found: Repository, pull: Pull) -> Json:
    """A `pull-request`."""
    name = found.name
    url, issue, html = (
        f"{API}/repos/{name}/pulls/{pull.number}",
        f"{API}/repos/{name}/issues/{pull.number}",
        f"{HTML}/{name}/pull/{pull.number}",
    )
    files = [file_shape(name, pull, one) for one in pull.files]
    links = {
        "self": url,
        "html": html,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{API}/repos/{name}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{API}/repos/{name}/statuses/{pull.head_sha}",
    }
    return {
        "url": url,
        "id": 1,
        "node_id": "MDExOlB1bGxSZXF1ZXN0MQ==",
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": issue,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "number": pull.number,
        "state": "closed" if pull.merged else "open",
        "locked": False,
        "title": pull.title,
        "user": user(pull.author),
        "body": pull.body,
        "labels": [label(name, one) for one in pull.labels],
        "milestone": None,
        "active_lock_reason": None,
        "created_at": TIME,
        "updated_at": TIME,
        "closed_at": TIME if pull.merged else None,
        "merged_at": TIME if pull.merged else None,
        "merge_commit_sha": None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": branch_shape(name, pull.head, pull.head_sha),
        "base": branch_shape(name, pull.base, pull.base_sha),
        "_links": {key: {"href": link} for key, link in links.items()},
        "author_association": "MEMBER",
        "auto_merge": None,
        "draft": pull.draft,
        "merged": pull.merged,
        "mergeable": None if pull.merged else True,
        "rebaseable": None if pull.merged else True,
        "mergeable_state": "unknown" if pull.merged else "clean",
        "merged_by": None,
        "comments": len([one for one in found.comments if one.number == pull.number]),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": 1,
        "additions": sum(one["additions"] for one in files),
        "deletions": sum(one["deletions"] for one in files),
        "changed_files": len(files),
    }


def issue_shape(found: Repository, one: Issue | Pull) -> Json:
    """An `issue`; a pull request is one too, with the key `pull_request`."""
    name = found.name
    url = f"{API}/repos/{name}/issues/{one.number}"
    is_pull = isinstance(one, Pull)
    html = f"{HTML}/{name}/{'pull' if is_pull else 'issues'}/{one.number}"
    shape: Json = {
        "id": one.number,
        "node_id": "MDU6SXNzdWUx",
        "url": url,
        "repository_url": f"{API}/repos/{name}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": html,
        "number": one.number,
        "state": "open" if isinstance(one, Pull) else one.state,
        "state_reason": None,
        "title": one.title,
        "body": one.body,
        "user": user(one.author),
        "labels": [label(name, text) for text in one.labels],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "comments": len([each for each in found.comments if each.number == one.number]),
        "closed_at": None,
        "closed_by": None,
        "created_at": TIME,
        "updated_at": TIME,
        "author_association": "MEMBER",
        "reactions": reactions(url),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
    }
    if is_pull:
        links = {
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "merged_at": None,
        }
        shape["pull_request"] = {"url": f"{API}/repos/{name}/pulls/{one.number}", **links}
    return shape
