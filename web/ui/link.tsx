'use client';
// A link within the dashboard. What it leads to is fetched when somebody is about to follow it, not
// when it comes into sight: a feed of posts would else fetch a page for each of them, again and again.

import NextLink from 'next/link';
import { useState, type ComponentProps } from 'react';

export function Link(props: Omit<ComponentProps<typeof NextLink>, 'prefetch'>) {
  const [meant, setMeant] = useState(false);
  const mean = () => setMeant(true);
  return <NextLink {...props} prefetch={meant ? null : false} onPointerEnter={mean} onFocus={mean} />;
}
