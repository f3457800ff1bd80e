/** One offending value of a request, `path` like `rule.blocks[0].filters[1].values`. */
export interface ProblemError {
  path: string;
  code: string;
  message: string;
}

export interface ProblemBody {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  errors?: ProblemError[];
}

/** An `application/problem+json` answer. `status` is 0 when no answer came at all. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: ProblemError[];
  /** The whole answer: a 409 carries the new plan or the current version beside the problem. */
  readonly body: unknown;

  constructor(status: number, body: ProblemBody) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.name = 'ApiProblem';
    this.status = status;
    this.type = body.type ?? 'about:blank';
    this.title = body.title ?? '';
    this.detail = body.detail ?? '';
    this.errors = body.errors ?? [];
    this.body = body;
  }

  /** The message for the field at `path`, or for any value inside it. */
  at(path: string): string | undefined {
    const own = this.errors.find(
      (error) =>
        error.path === path || error.path.startsWith(`${path}.`) || error.path.startsWith(`${path}[`),
    );
    return own?.message;
  }
}

export function isProblem(error: unknown): error is ApiProblem {
  return error instanceof ApiProblem;
}

const ASK_LATER = [408, 425, 429];

/** Whether the server said no to what was asked, so that asking the same again is in vain. */
export function isRefusal(error: unknown): boolean {
  return isProblem(error) && error.status >= 400 && error.status < 500 && !ASK_LATER.includes(error.status);
}

/** Whether nothing was reached: the network is down or the request never left. */
export function isUnreachable(error: unknown): boolean {
  return isProblem(error) && error.status === 0;
}
