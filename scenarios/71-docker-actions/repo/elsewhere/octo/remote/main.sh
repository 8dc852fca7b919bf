#!/bin/sh
echo "main of remote"
