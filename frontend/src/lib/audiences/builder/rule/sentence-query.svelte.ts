import { isProblem, type SentencePart } from '$lib/api';
import type { DraftEditor } from '../state/draft-editor.svelte';
import { sentenceOf } from '../state/tabs';

/** Words follow typing without being asked for each letter. */
const PAUSE_MS = 80;

type Said = Pick<SentencePart, 'text'> & Partial<SentencePart>;

/** The draft's rule as a sentence, asked again as the rule changes. */
export class SentenceQuery {
  said = $state.raw<Said[]>([]);
  /** Whether what is said is not the rule as it is now. */
  old = $state(false);

  /** Follows the editor while a component initialises. What is `stored` stands there until its parts are known. */
  constructor(editor: DraftEditor, stored: string) {
    if (!editor.differs) this.said = [{ text: stored }];
    $effect(() => {
      const rule = editor.rule;
      if (!editor.countable || editor.empty) {
        this.old = true;
        return;
      }
      const abort = new AbortController();
      const timer = setTimeout(async () => {
        try {
          this.said = (await sentenceOf(rule, abort.signal)).parts;
          this.old = false;
        } catch (error) {
          if (!abort.signal.aborted && isProblem(error)) this.old = true;
        }
      }, PAUSE_MS);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }
}
