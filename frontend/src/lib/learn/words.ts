import type { ActivityKind, StepKind } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { StepStatus } from './types';

export function kindName(kind: ActivityKind | StepKind): string {
  switch (kind) {
    case 'course':
      return m.faces_kind_course();
    case 'program':
      return m.faces_kind_program();
    case 'path':
      return m.faces_kind_path();
    case 'content':
      return m.faces_kind_content();
  }
}

export function stepStatusName(status: StepStatus): string {
  switch (status) {
    case 'completed':
      return m.faces_step_completed();
    case 'failed':
      return m.faces_step_failed();
    case 'started':
      return m.faces_step_started();
    case 'not_started':
      return m.faces_step_not_started();
  }
}
