import type { Metadata } from 'next';
import { Suspense } from 'react';
import { SignIn } from './sign-in';

export const metadata: Metadata = { title: 'Sign in' };
export default function Page() {
  return <Suspense><SignIn /></Suspense>; // it reads the address, which only a browser has
}
