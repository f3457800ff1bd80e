/** The builder's words for what a rule comes to. */
import { m } from '$lib/paraglide/messages';
import type { Tab } from './state/tabs';

export const tabWord: Record<Tab, () => string> = {
  matching: m.builder_tab_matching,
  entering: m.builder_tab_entering,
  leaving: m.builder_tab_leaving,
  gaining: m.builder_tab_gaining,
  losing: m.builder_tab_losing,
  completed_stay: m.builder_tab_completed_stay,
  blocked: m.builder_tab_blocked,
  nearly: m.builder_tab_nearly,
  excluded: m.builder_tab_excluded,
};
