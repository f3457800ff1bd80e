import { answer, client, LARGEST_PAGE, type Id, type TokenInput } from '$lib/api';

export const me = (signal?: AbortSignal) => answer(client.GET('/api/v1/auth/me', { signal }));
export const signIn = (email: string, password: string) =>
  answer(client.POST('/api/v1/auth/login', { body: { email, password } }));
export const signOut = () => answer(client.POST('/api/v1/auth/logout'));
export const changePassword = (current: string, next: string) =>
  answer(client.POST('/api/v1/auth/password', { body: { current, new: next } }));
export const invitation = (token: string, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/auth/invitations/{token}', { params: { path: { token } }, signal }));
export const acceptInvitation = (token: string, password: string) =>
  answer(
    client.POST('/api/v1/auth/invitations/{token}', { params: { path: { token } }, body: { password } }),
  );

export const tokens = (signal?: AbortSignal) =>
  answer(client.GET('/api/v1/tokens', { params: { query: { limit: LARGEST_PAGE } }, signal }));
export const createToken = (body: TokenInput) => answer(client.POST('/api/v1/tokens', { body }));
export const deleteToken = (token_id: Id) =>
  answer(client.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id } } }));
